import { validateHeaderName, validateHeaderValue } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerItem } from "../../core/ports/handler-launcher.ts";
import { leaveUnread } from "./pieces.ts";

/** @throws ServingError MODEL_ERROR where the body of an answer is over the limit; one that comes in pieces has none */
export function checkAnswerSize({ body }: HandlerItem, limitBytes: number): void {
  if (!(body instanceof Uint8Array) || body.byteLength <= limitBytes) return;
  const { byteLength } = body;
  const limit = `max_response_size is ${String(limitBytes)}`;
  throw new ServingError("MODEL_ERROR", `The model answered ${String(byteLength)} bytes: ${limit}.`);
}

/** Status line and headers of an answer, as HTTP can carry them. */
export interface HandlerHead {
  readonly status: number;
  /** Empty: none was set. */
  readonly phrase: string;
  /** Name and value in turn; the content type, where one is set, is the first. */
  readonly headers: readonly string[];
}

/** How the answer travels is not the handler's to say. */
const framing: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "trailer"],
]);

const lowestStatus = 200;
const highestStatus = 999;

/**
 * What a handler says of its answer, without what concerns the connection.
 *
 * @throws ServingError MODEL_ERROR for a status or a header that HTTP has no place for: sent as they are, they would end
 *   the connection or the server; a body that comes in pieces is left then
 */
export function handlerHead(item: HandlerItem): HandlerHead {
  try {
    return sendableHead(item);
  } catch (error) {
    void leaveUnread(item.body);
    throw error;
  }
}

function sendableHead({ status, phrase, headers, contentType }: HandlerItem): HandlerHead {
  // Those below are no answers: after them a client goes on waiting for one.
  if (!Number.isInteger(status) || status < lowestStatus || status > highestStatus) {
    throw unsendable(`with status ${String(status)}: an answer has one of 200 to 999`);
  }
  const sent: string[] = contentType === null ? [] : ["content-type", valid("content-type", contentType)];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (!framing.has(name.toLowerCase())) sent.push(validName(name), valid(name, headers[index + 1] ?? ""));
  }
  return { status, phrase: oneLine(phrase), headers: sent };
}

function validName(name: string): string {
  try {
    validateHeaderName(name);
    return name;
  } catch {
    throw unsendable(`with a header that is called ${quoted(name)}: HTTP has no such names`);
  }
}

function valid(name: string, value: string): string {
  try {
    validateHeaderValue(name, value);
    return value;
  } catch {
    throw unsendable(`with ${name}: ${quoted(value)}: HTTP's headers are of one line, in Latin-1`);
  }
}

/** A phrase is part of a line. */
function oneLine(phrase: string): string {
  return phrase.replace(/[^\t\x20-\x7e]/g, " ");
}

const mostShown = 80;

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, mostShown));
}

function unsendable(what: string): ServingError {
  return new ServingError("MODEL_ERROR", `The model answered ${what}.`);
}
