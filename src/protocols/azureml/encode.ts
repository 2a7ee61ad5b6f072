import type { ServingError } from "../../contracts/serving-error.ts";
import type { BackendOutcome } from "../../core/ports/backend.ts";
import { encodeError } from "../http/errors.ts";
import type { RequestIds } from "./decode.ts";
import { failedDependency, modelError, refusalOf, type StatusMode } from "./errors.ts";
import {
  clientRequestIdHeader,
  deploymentHeader,
  errorReasonHeader,
  errorStatusHeader,
  isOwnHeader,
  modelTimeHeader,
  msRequestIdHeader,
  requestIdHeader,
  sessionHeader,
} from "./headers.ts";

export type BackendAnswer = Extract<BackendOutcome, { kind: "answered" }>;

/** What is told with every answer that came from an instance. */
export interface AnswerNotes {
  /** The request's. */
  readonly method: string;
  readonly statusMode: StatusMode;
  readonly deployment: string;
  readonly ids: RequestIds;
  /** From the sending of the request to the head of the answer. */
  readonly modelMs: number;
}

export interface AnswerHead {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: string[];
}

/** The head of an instance's answer as the caller gets it. */
export function answerHead(answer: BackendAnswer, notes: AnswerNotes): AnswerHead {
  const isMapped = answer.status !== 200 && notes.statusMode === "azure";
  const status = isMapped ? failedDependency : answer.status;
  // A 204 without a length would have become a 424 whose end nobody knows.
  const length = lengthOf(answer, notes.method, status);
  const headers: string[] = [];
  const said = { msRequestId: false, clientId: false };
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    const name = answer.headers[index] ?? "";
    if (isOwnHeader(name) || (length !== null && name === "content-length")) continue;
    if (name === msRequestIdHeader) said.msRequestId = true;
    else if (name === clientRequestIdHeader) said.clientId = true;
    headers.push(name, answer.headers[index + 1] ?? "");
  }
  if (length !== null) headers.push("content-length", String(length));
  addNotes(headers, notes, said);
  if (answer.status !== 200) {
    headers.push(errorStatusHeader, String(answer.status), errorReasonHeader, modelError);
  }
  return { status, headers };
}

function addNotes(
  headers: string[],
  { deployment, ids, modelMs }: AnswerNotes,
  said: { readonly msRequestId: boolean; readonly clientId: boolean },
): void {
  headers.push(deploymentHeader, deployment, sessionHeader, deployment, requestIdHeader, ids.request);
  headers.push(modelTimeHeader, String(Math.round(modelMs)));
  if (!said.msRequestId) headers.push(msRequestIdHeader, ids.request);
  if (!said.clientId && ids.client !== null) headers.push(clientRequestIdHeader, ids.client);
}

/** What `content-length` has to say; null where the instance's own word stands. */
function lengthOf({ body }: BackendAnswer, method: string, status: number): number | null {
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  return hasBody && body instanceof Uint8Array ? body.byteLength : null;
}

/** A refusal as it goes out, over a reply or a raw connection. */
export interface EncodedRefusal {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export function encodeRefusal(error: ServingError, mode: StatusMode, ids: RequestIds | null): EncodedRefusal {
  const { status, modelStatus, reason } = refusalOf(error.code, mode);
  // Azure's 429 has no body, and says that the nothing is text.
  const body = status === 429 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(errorBody(error)));
  const headers = ["content-type", status === 429 ? "text/plain" : "application/json"];
  headers.push("content-length", String(body.byteLength));
  if (status === 401) headers.push("www-authenticate", "Bearer");
  const { retryAfterS } = error.details;
  if (retryAfterS !== undefined) headers.push("retry-after", String(retryAfterS));
  if (modelStatus !== null) headers.push(errorStatusHeader, String(modelStatus));
  if (reason !== null) headers.push(errorReasonHeader, reason);
  if (ids !== null) headers.push(requestIdHeader, ids.request, msRequestIdHeader, ids.request);
  if (ids !== null && ids.client !== null) headers.push(clientRequestIdHeader, ids.client);
  return { status, headers, body };
}

/** The form of Azure's own errors: azure-ai-ml looks for the message there, and fails itself where it is not. */
function errorBody(error: ServingError): object {
  const { error: message, code, ...details } = encodeError(error);
  return { error: { code, message, ...details } };
}
