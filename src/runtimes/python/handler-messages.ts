import type { HandlerItem, HandlerOutcome } from "../../core/ports/handler-launcher.ts";
import { FrameError } from "./frames.ts";
import { readArray, readNumber, readObject, readSize, readString, readStringArray } from "./messages.ts";

/** What the frames of a handler's process mean; see `messages.ts` for the others. */

/** As MMS's error body names whatever goes wrong in a handler. */
const failureType = "InternalServerException";

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
