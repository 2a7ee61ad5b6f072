import { type ErrorCode, isErrorCode } from "../contracts/errors.ts";
import { ServingError } from "../contracts/serving-error.ts";
import { type Overview, overviewSchema } from "../contracts/snapshot.ts";
import { type ClientOptions, usualUrl } from "./client-options.ts";
import { inferPath, type ModelTarget } from "./model-target.ts";

/** What the command line asks a running server. */
export interface ServerClient {
  readonly url: string;
  readonly overview: () => Promise<Overview>;
  /** Sends a V2 request and returns the answer's text as it came, so that no number loses a digit. */
  readonly infer: (target: ModelTarget, body: string) => Promise<string>;
}

export function createClient(options: ClientOptions): ServerClient {
  const url = serverUrl(options.url);
  return {
    url,
    overview: async () => readOverview(await call(url, {}, options), url),
    infer: async (target, body) =>
      await call(`${url}${inferPath(target)}`, { method: "POST", body }, options),
  };
}

/** Takes `localhost:8080` for what it means, and gives the address without a slash at its end. */
function serverUrl(typed: string): string {
  const url = URL.parse(typed.includes("://") ? typed : `http://${typed}`);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new ServingError("INVALID_SETTINGS", `${JSON.stringify(typed)} is not the address of a server.`, {
    hint: `Write it as ${usualUrl}, in --url or HOSTLER_URL.`,
  });
}

async function call(
  url: string,
  request: { readonly method?: string; readonly body?: string },
  { apiKey, timeoutMs }: ClientOptions,
): Promise<string> {
  const headers = {
    accept: "application/json",
    ...(request.body === undefined ? {} : { "content-type": "application/json" }),
    ...(apiKey === undefined || apiKey === "" ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  try {
    const response = await fetch(url, { ...request, headers, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.ok) return text;
    throw refusal(response.status, text);
  } catch (error) {
    throw error instanceof ServingError ? error : connectionError(error, url, timeoutMs);
  }
}

function readOverview(text: string, url: string): Overview {
  const parsed = overviewSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ServingError(
    "UNREACHABLE",
    `What answers at ${url} is not a hostler server, or not one of this version.`,
    {
      hint: "Name the server with --url or HOSTLER_URL.",
    },
  );
}

/** The server said no: its own code where it gives one, else what its status means. */
function refusal(status: number, text: string): ServingError {
  const body = parseJson(text);
  const message = field(body, "error") ?? `The server answered with status ${String(status)}.`;
  const code = field(body, "code");
  const hint = field(body, "hint") ?? (status === 401 || status === 403 ? keyHint : undefined);
  return new ServingError(
    isErrorCode(code) ? code : codeOfStatus(status),
    message,
    hint === undefined ? {} : { hint },
  );
}

export const timeoutHint = "Allow more with --timeout.";
const keyHint = "Put a key of that server into HOSTLER_API_KEY.";

const codesOfStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [401, "UNAUTHENTICATED"],
  [403, "UNAUTHENTICATED"],
  [404, "MODEL_NOT_FOUND"],
  [408, "DEADLINE_EXCEEDED"],
  [413, "PAYLOAD_TOO_LARGE"],
  [429, "QUEUE_FULL"],
  [503, "OVERLOADED"],
  [504, "DEADLINE_EXCEEDED"],
]);

function codeOfStatus(status: number): ErrorCode {
  return codesOfStatus.get(status) ?? (status < 500 ? "INVALID_REQUEST" : "MODEL_ERROR");
}

function connectionError(error: unknown, url: string, timeoutMs: number): ServingError {
  const { origin } = new URL(url);
  if (error instanceof Error && error.name === "TimeoutError") {
    const message = `No answer from ${origin} within ${String(timeoutMs / 1000)} s.`;
    return new ServingError("DEADLINE_EXCEEDED", message, { hint: timeoutHint }, { cause: error });
  }
  const reason = reasonOf(error);
  return new ServingError(
    "UNREACHABLE",
    `No server answers at ${origin}${reason === undefined ? "" : ` (${reason})`}.`,
    { hint: "Start one with hostler serve DIR, or name another with --url or HOSTLER_URL." },
    { cause: error },
  );
}

/** `fetch` hides what happened one or two causes down. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return reasonOf(error.cause);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}
