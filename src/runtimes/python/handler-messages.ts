import type { HandlerItem, HandlerOutcome, HandlerRequest } from "../../core/ports/handler-launcher.ts";
import { FrameError, type OutgoingFrame } from "./frames.ts";
import { readArray, readNumber, readObject, readSize, readString, readStringArray } from "./messages.ts";

/** What the frames of a handler's process mean; see `messages.ts` for the others. */

/** As MMS's error body names whatever goes wrong in a handler. */
const failureType = "InternalServerException";

/**
 * A batch on its way to the handler. The ids go ahead of the inputs, not into the header: that stays the same from call to
 * call then, and the process need not read it again.
 */
export function callFrame(id: number, batch: readonly HandlerRequest[]): OutgoingFrame {
  const ids = Buffer.from(batch.map((request) => request.id).join("\n"), "latin1");
  const inputs = batch.flatMap((request) => request.inputs);
  const header = {
    method: "handle",
    batch: batch.map(({ headers, inputs: own }) => ({ headers, inputs: own.map(({ name }) => name) })),
    parts: [opaquePart("", ids), ...inputs.map(({ contentType, bytes }) => opaquePart(contentType, bytes))],
  };
  return { kind: "call", id, header, payload: [ids, ...inputs.map(({ bytes }) => bytes)] };
}

function opaquePart(contentType: string, bytes: Uint8Array): object {
  return { type: "opaque", content_type: contentType, headers: {}, bytes: bytes.byteLength };
}

/** LOAD's result: the modules that the handler had to import. */
export function readLoadedHandler(result: unknown): readonly string[] {
  return readStringArray(readObject(result, "result")["modules"], "modules");
}

/** The answers to a batch, as views into the payload, or how all of it failed. */
export function readBatchAnswer(header: unknown, payload: Buffer): HandlerOutcome {
  const fields = readObject(header, "header");
  if (fields["failure"] !== undefined) {
    const failure = readObject(fields["failure"], "failure");
    const [status, message] = [readNumber(failure, "status"), readString(failure, "message")];
    return { kind: "failed", status, message, type: failureType };
  }
  const parts = readArray(fields["parts"], "parts");
  const heads = readArray(fields["items"], "items");
  if (parts.length !== heads.length) throw new FrameError("A batch's items are not its parts.");
  let offset = 0;
  const items = heads.map((head, index): HandlerItem => {
    const part = readObject(parts[index], "part");
    const start = offset;
    offset += readSize(part, "bytes");
    return { ...readHead(head, part), body: payload.subarray(start, offset) };
  });
  if (offset !== payload.byteLength) throw new FrameError("A chunk's parts are not its payload.");
  return { kind: "answered", items };
}

function readHead(head: unknown, part: Readonly<Record<string, unknown>>): Omit<HandlerItem, "body"> {
  const fields = readObject(head, "item");
  const contentType = readString(part, "content_type");
  return {
    status: readNumber(fields, "status"),
    phrase: readString(fields, "phrase"),
    headers: readStringArray(fields["headers"], "headers"),
    contentType: contentType === "" ? null : contentType,
  };
}
