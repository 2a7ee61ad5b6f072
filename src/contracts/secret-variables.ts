/** hostler's own keys, as `HOSTLER_API_KEY`, and those of its key store. */
const secretVariable = /^(?:HOSTLER_\w*KEY(?:_ID)?|MMS_KEYSTORE_PASS)$/;

/** What of hostler's variables the programs that it runs may see: its own keys are no business of theirs. */
export function withoutOwnSecrets(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !secretVariable.test(name)));
}
