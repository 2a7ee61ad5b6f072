import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { BackendBody } from "../../core/ports/backend.ts";

/**
 * Ends an answer whose head is written with a body that comes in pieces, as fast as the client takes them; resolves with
 * the bytes that were sent. One that fails on its way cuts the connection: the client sees that it is not whole.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  let sent = 0;
  response.flushHeaders();
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return sent;
      sent += piece.byteLength;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  } catch {
    // What was sent still arrives; that it is not all of it shows by the missing end.
    response.socket?.destroySoon();
  }
  return sent;
}

/**
 * Lets go of a body that nobody will read: a writer that is held back would wait for a reader. Never rejects; may take as
 * long as the first piece does.
 */
export async function leaveUnread(body: BackendBody): Promise<void> {
  if (body instanceof Uint8Array) return;
  const pieces = body[Symbol.asyncIterator]();
  try {
    // A generator that was not begun would not hear that it is left.
    await pieces.next();
    await pieces.return?.();
  } catch {
    // It has broken off by itself.
  }
}

/** Until it takes more, or is gone. Whatever did not happen is not listened for any longer. */
export function drained(sink: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off("drain", done);
      sink.off("close", done);
      resolve();
    };
    sink.on("drain", done);
    sink.on("close", done);
  });
}
