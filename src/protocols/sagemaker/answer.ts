import type { BackendBody } from "../../core/ports/backend.ts";
import type { HandlerItem } from "../../core/ports/handler-launcher.ts";
import type { ServingError } from "../../contracts/serving-error.ts";
import { handlerHead } from "../http/handler-head.ts";
import { encodeRefusal } from "../http/payloads/refusal.ts";

/** An answer, before it is written. */
export interface Answer {
  readonly status: number;
  /** Empty: the usual one. */
  readonly phrase: string;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: BackendBody;
  /** What went wrong, where something did. */
  readonly error: ServingError | null;
}

/** JSON as Multi Model Server prints it. */
export function jsonAnswer(value: object): Answer {
  const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  return { status: 200, phrase: "", headers: ["content-type", "application/json"], body, error: null };
}

const nothing = new Uint8Array(0);

export function emptyAnswer(status: number, error: ServingError | null = null): Answer {
  return { status, phrase: "", headers: [], body: nothing, error };
}

/**
 * What a handler answered: its headers, those of sessions and custom attributes among them, go out as they are. Throws a
 * ServingError where they cannot.
 */
export function itemAnswer(item: HandlerItem): Answer {
  return { ...handlerHead(item), body: item.body, error: null };
}

export function errorAnswer(error: ServingError): Answer {
  const { status, contentType, body } = encodeRefusal(error);
  const { retryAfterS } = error.details;
  const retry = retryAfterS === undefined ? [] : ["retry-after", String(retryAfterS)];
  return { status, phrase: "", headers: ["content-type", contentType, ...retry], body, error };
}

/** A handler's failure: the message that it may tell, and nothing of its inside. */
export function failureAnswer(failure: {
  readonly status: number;
  readonly message: string;
  readonly type: string;
}): Answer {
  const { status, message, type } = failure;
  const body = Buffer.from(`${JSON.stringify({ code: status, type, message }, null, 2)}\n`);
  return { status, phrase: "", headers: ["content-type", "application/json"], body, error: null };
}
