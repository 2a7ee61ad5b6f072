import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServingError } from "../../contracts/serving-error.ts";
import type { BackendBody } from "../../core/ports/backend.ts";
import type { HandlerItem } from "../../core/ports/handler-launcher.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { endReply } from "../http/body.ts";
import { leaveUnread, sendPieces } from "../http/pieces.ts";
import { endWhole } from "../http/whole-body.ts";
import { handlerHead } from "../http/handler-head.ts";
import { type MmsProblem, problemOf } from "./errors.ts";
import { prettyJson } from "./json.ts";

/** An answer, before it is written. */
export interface MmsReply {
  readonly status: number;
  /** Empty, for what handlers answer: the status line ends with a space then. Null: the usual one. */
  readonly phrase: string | null;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: string | BackendBody;
  /** What went wrong, where something did: for the log. */
  readonly error: ServingError | null;
}

const jsonType = ["content-type", "application/json"] as const;
/** What Netty calls statuses that Node.js calls something else, or nothing. */
const phrases: ReadonlyMap<number, string> = new Map([
  [210, "Partial Success"],
  [413, "Request Entity Too Large"],
]);

export function jsonReply(status: number, value: object): MmsReply {
  return { status, phrase: phraseOf(status), headers: jsonType, body: prettyJson(value), error: null };
}

export function statusReply(status: number, text: string): MmsReply {
  return jsonReply(status, { status: text });
}

export function errorReply(error: ServingError): MmsReply {
  // Without a word: so does Multi Model Server.
  if (error.code === "PAYLOAD_TOO_LARGE") {
    return { status: 413, phrase: phraseOf(413), headers: [], body: "", error };
  }
  return { ...problemReply(problemOf(error)), error };
}

export function problemReply({ code, type, message }: MmsProblem): MmsReply {
  return jsonReply(code, { code, type, message });
}

/** What a handler answered goes out as it is: without a content type where it has set none. Throws a ServingError. */
export function itemReply(item: HandlerItem): MmsReply {
  return { ...handlerHead(item), body: item.body, error: null };
}

function phraseOf(status: number): string | null {
  return phrases.get(status) ?? (status > 511 ? `Server Error (${String(status)})` : null);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
}

/** Writes an answer, head and body in one piece where it is small; the bytes of its body. */
export function sendReply(exchange: Exchange, reply: MmsReply): number | Promise<number> {
  const { request, response } = exchange;
  const { status, body } = reply;
  const length = lengthOf(body);
  const isBodiless = status === 204 || status === 304 || request.method === "HEAD";
  if (typeof body !== "string" && (isBodiless || response.destroyed)) void leaveUnread(body);
  if (response.destroyed) return length ?? 0;
  writeHead(exchange, reply, length);
  if (isBodiless) response.end();
  else if (typeof body !== "string" && !(body instanceof Uint8Array)) return sendPieces(response, body);
  // Ended at once, the connection would be closed while the client sends, and the answer be lost with it.
  else if (!request.complete) endReply(exchange, Buffer.from(body));
  else if (typeof body === "string") response.end(body);
  else endWhole(response, body);
  return length ?? 0;
}

/** Null: nobody knows before it has all come. */
function lengthOf(body: string | BackendBody): number | null {
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.byteLength : null;
}

function writeHead({ request, response }: Exchange, reply: MmsReply, length: number | null): void {
  const { status, phrase, headers } = reply;
  const stays = status < 400 && request.complete && response.shouldKeepAlive;
  const head = [...headers, ...fixedHeaders()];
  // There is no body with a 204, and must be no length.
  if (status !== 204 && length !== null) head.push("content-length", String(length));
  head.push("connection", stays ? "keep-alive" : "close");
  if (phrase === null) response.writeHead(status, head);
  else response.writeHead(status, phrase, head);
}

function fixedHeaders(): readonly string[] {
  return ["x-request-id", randomUUID(), ...uncached];
}

const uncached = [
  ...["Pragma", "no-cache"],
  ...["Cache-Control", "no-cache; no-store, must-revalidate, private"],
  ...["Expires", "Thu, 01 Jan 1970 00:00:00 UTC"],
] as const;
