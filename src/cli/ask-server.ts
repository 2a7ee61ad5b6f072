import { type ErrorCode, isErrorCode } from "../contracts/errors.ts";
import { type ErrorDetails, ServingError } from "../contracts/serving-error.ts";

/** What goes to a server. */
export interface Question {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, as it is sent. */
  readonly body?: string;
  /** Sent as a bearer token. */
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/** What to do when it went wrong, which depends on who was asked. */
export interface Hints {
  readonly unreachable: string;
  readonly unauthenticated: string;
  readonly late: string;
}

/** Asks a server and returns the text of its answer. Rejects with a ServingError, the server's own where it gives one. */
export async function askServer(question: Question, hints: Hints): Promise<string> {
  const { url, method = "GET", body, token, timeoutMs } = question;
  const headers = {
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
    ...question.headers,
  };
  try {
    const request = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.ok) return text;
    throw refusal(response.status, text, hints);
  } catch (error) {
    throw error instanceof ServingError ? error : connectionError(error, question, hints);
  }
}

export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server said no: its own code where it gives one, else what its status means. */
function refusal(status: number, text: string, hints: Hints): ServingError {
  const body = parseAnswer(text);
  const message = field(body, "error") ?? `The server answered with status ${String(status)}.`;
  const code = field(body, "code");
  const details: ErrorDetails = {
    ...detail(body, "field"),
    ...detail(body, "where"),
    ...detail(body, "hint"),
  };
  const isKeyMissing = details.hint === undefined && (status === 401 || status === 403);
  return new ServingError(
    isErrorCode(code) ? code : codeOfStatus(status),
    message,
    isKeyMissing ? { ...details, hint: hints.unauthenticated } : details,
  );
}

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

function connectionError(error: unknown, { url, timeoutMs }: Question, hints: Hints): ServingError {
  const { origin } = new URL(url);
  if (error instanceof Error && error.name === "TimeoutError") {
    const message = `No answer from ${origin} within ${String(timeoutMs / 1000)} s.`;
    return new ServingError("DEADLINE_EXCEEDED", message, { hint: hints.late }, { cause: error });
  }
  const reason = reasonOf(error);
  const message = `No server answers at ${origin}${reason === undefined ? "" : ` (${reason})`}.`;
  return new ServingError("UNREACHABLE", message, { hint: hints.unreachable }, { cause: error });
}

/** `fetch` hides what happened one or two causes down. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return reasonOf(error.cause);
}

function detail(body: unknown, name: "field" | "where" | "hint"): ErrorDetails {
  const value = field(body, name);
  return value === undefined ? {} : { [name]: value };
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}
