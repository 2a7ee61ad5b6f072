import type { Context } from "./framework/command.ts";
import { integer, textOr } from "./framework/option.ts";

export const usualUrl = "http://127.0.0.1:8080";

export interface ClientOptions {
  readonly url: string;
  /** Sent as a bearer token; from the environment, never from a flag. */
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
}

/** For every command that talks to a running server. */
export const clientOptions = {
  url: textOr({
    flags: "--url <url>",
    help: "the server to ask; HOSTLER_API_KEY holds its key",
    variable: "HOSTLER_URL",
    fallback: usualUrl,
  }),
  timeout: integer({
    flags: "--timeout <seconds>",
    help: "how long to wait for its answer",
    fallback: 30,
    least: 1,
    most: 86_400,
  }),
} as const;

export function clientOptionsOf(
  { url, timeout }: { readonly url: string; readonly timeout: number },
  { environment }: Context,
): ClientOptions {
  return { url, apiKey: apiKeyOf(environment), timeoutMs: timeout * 1000 };
}

/** The variable may hold several keys, since a server reads it too: any of them opens. */
export function apiKeyOf(environment: NodeJS.ProcessEnv): string | undefined {
  return environment["HOSTLER_API_KEY"]?.split(",")[0]?.trim();
}
