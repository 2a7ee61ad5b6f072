import type { CommandTable, Context } from "../framework/command.ts";
import { apiKeyOf, usualUrl } from "../client-options.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { answer, formatAnswer } from "./answer.ts";

/** Nobody waits for a Tab. */
const patienceMs = 500;

/** `hostler complete -- WORDS`: what the completion scripts ask. Not a command, since nobody types it. */
export async function complete(
  table: CommandTable,
  words: readonly string[],
  context: Context,
): Promise<ExitCode> {
  context.terminal.out.write(formatAnswer(await answer(table, words, () => modelNames(context))));
  return exitCodes.ok;
}

async function modelNames({ environment }: Context): Promise<readonly string[]> {
  const { createClient } = await import("../client.ts");
  const url = environment["HOSTLER_URL"] ?? usualUrl;
  try {
    const client = createClient({ url, apiKey: apiKeyOf(environment), timeoutMs: patienceMs });
    const { models } = await client.overview();
    return [...new Set(models.map(({ name }) => name))];
  } catch {
    // No server, no names: a Tab has nobody to complain to.
    return [];
  }
}
