import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip, gzip, inflate } from "node:zlib";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { namedType } from "./negotiation.ts";

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;
const pack = promisify(gzip);

/**
 * Reads a request's body, decompressed. Never more than `limitBytes` of it, packed or unpacked.
 *
 * @throws ServingError PAYLOAD_TOO_LARGE, UNSUPPORTED_ENCODING, INVALID_REQUEST, or CANCELLED when the caller leaves
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  checkAnnounced(request, limitBytes);
  const encoding = request.headers["content-encoding"]?.toLowerCase() ?? "";
  const body = await collectBody(request, limitBytes);
  if (encoding === "" || encoding === "identity") return body;
  return unpack(body, encoding === "x-gzip" ? "gzip" : encoding, limitBytes);
}

/** How long the rest of a refused body is let in. */
const restMs = 5_000;

/**
 * Lets in what still comes of a body that nobody wants, and throws it away: a connection that is closed while its client
 * sends takes the answer with it.
 */
export function discardRest(request: IncomingMessage, clock: Clock): void {
  if (request.complete) return;
  const timer = clock.schedule(restMs, () => {
    request.destroy();
  });
  request.once("close", () => {
    timer.cancel();
  });
  // Listened to, because whoever else reads it stops the flow as he leaves, unless somebody listens.
  request.on("data", () => undefined);
  request.resume();
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
}

/**
 * Ends a reply whose head is written: at once, or where the client still sends, after {@link discardRest}.
 */
export function endReply({ request, response, clock }: Exchange, body: string | Buffer): void {
  if (request.complete) {
    response.end(body);
    return;
  }
  response.write(body);
  request.once("close", () => {
    response.end();
  });
  discardRest(request, clock);
}

/** @throws ServingError PAYLOAD_TOO_LARGE where the head already says so */
export function checkAnnounced(request: IncomingMessage, limitBytes: number): void {
  const announced = request.headers["content-length"];
  if (announced !== undefined && Number(announced) > limitBytes) throw tooLarge(limitBytes, announced);
}

/** A request's body as it came, packed or not; rejects as {@link readBody} does. */
export function collectBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.byteLength;
      chunks.push(chunk);
      if (size <= limitBytes) return;
      request.off("data", take);
      reject(tooLarge(limitBytes, String(size)));
    };
    request.on("data", take);
    request.on("end", () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size));
    });
    request.on("error", () => {
      reject(new ServingError("CANCELLED", "The caller went away while sending."));
    });
  });
}

async function unpack(body: Buffer, encoding: string, limitBytes: number): Promise<Buffer> {
  if (encoding !== "gzip" && encoding !== "deflate") {
    throw new ServingError(
      "UNSUPPORTED_ENCODING",
      `content-encoding: expected gzip or deflate, got ${encoding}`,
      {
        field: "content-encoding",
        expected: "gzip, deflate",
        got: encoding,
      },
    );
  }
  try {
    return await unpackers[encoding](body, { maxOutputLength: limitBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limitBytes, "more");
    throw ServingError.invalidField("body", `${encoding} data`, "something that cannot be unpacked");
  }
}

export function tooLarge(limitBytes: number, got: string): ServingError {
  return new ServingError(
    "PAYLOAD_TOO_LARGE",
    `body: expected at most ${String(limitBytes)} bytes, got ${got}`,
    {
      field: "body",
      expected: `at most ${String(limitBytes)} bytes`,
      got,
      limitBytes,
      hint: "The limit is --max-body.",
    },
  );
}

/** Replies below this are never packed (MLServer's limit). */
const smallestPackedBytes = 500;

/** Packs a reply where the caller takes gzip and it is worth it; null where it goes as it is. */
export async function packReply(body: Buffer, acceptEncoding: string | undefined): Promise<Buffer | null> {
  if (body.byteLength < smallestPackedBytes || namedType(acceptEncoding, ["gzip"]) === undefined) return null;
  // Level 1: on numbers, higher levels cost five times as much for a few percent.
  return pack(body, { level: 1 });
}
