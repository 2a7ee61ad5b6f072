import type { KeyType } from "../../../contracts/control/endpoint.ts";
import { MlError } from "../ml-error.ts";
import type { JsonObject } from "../output/json-value.ts";
import type { Session } from "../session.ts";

/** In camel case, unlike everything else: so Azure's command line prints credentials. */
export async function getCredentials(
  { name }: { readonly name: string },
  { client }: Session,
): Promise<JsonObject> {
  const { auth_mode: authMode } = await client.getEndpoint(name);
  if (authMode === "key") {
    const { primary_key: primaryKey, secondary_key: secondaryKey } = await client.keys(name);
    return { primaryKey, secondaryKey };
  }
  const token = await client.token(name);
  return {
    accessToken: token.access_token,
    expiryTimeUtc: token.expiry_time_utc,
    refreshAfterTimeUtc: token.refresh_after_time_utc,
    tokenType: token.token_type,
  };
}

export async function regenerateKeys(
  { name, keyType = "primary" }: { readonly name: string; readonly keyType: KeyType | undefined },
  { client }: Session,
): Promise<void> {
  const { auth_mode: authMode } = await client.getEndpoint(name);
  if (authMode !== "key") {
    throw new MlError(`Endpoint ${name} has no keys: its auth_mode is ${authMode}.`, {
      hint: `Give it keys with hostler ml online-endpoint update -n ${name} --set auth_mode=key.`,
    });
  }
  await client.regenerateKey(name, keyType);
}
