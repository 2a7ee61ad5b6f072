import { crc32 } from "node:zlib";

/**
 * Frames of `application/vnd.amazon.eventstream`: length, length of the headers, checksum of these two; headers; payload;
 * checksum of all. Numbers are big-endian.
 */

const preludeBytes = 12;
const checksumBytes = 4;
/** Type of a header's value: text, after its length in two bytes. */
const textType = 7;

/** Larger pieces go in several frames, as clients bound what one may hold. */
const largestPart = 1024 * 1024;

/** A piece of the answer's body as one event or more. */
export function payloadParts(bytes: Uint8Array): Buffer {
  const frames: Buffer[] = [];
  for (let start = 0; start < bytes.byteLength; start += largestPart) {
    const part = bytes.subarray(start, start + largestPart);
    frames.push(
      frame(
        {
          ":message-type": "event",
          ":event-type": "PayloadPart",
          ":content-type": "application/octet-stream",
        },
        part,
      ),
    );
  }
  return Buffer.concat(frames);
}

/** The end of a stream that broke off. */
export function streamError(code: "ModelInvocationTimeExceeded" | "StreamBroken", message: string): Buffer {
  const body = Buffer.from(JSON.stringify({ Message: message, ErrorCode: code }));
  return frame(
    {
      ":message-type": "exception",
      ":exception-type": "ModelStreamError",
      ":content-type": "application/json",
    },
    body,
  );
}

function frame(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => headerBytes(name, value)));
  const total = preludeBytes + head.length + payload.byteLength + checksumBytes;
  const bytes = Buffer.alloc(total);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  bytes.set(head, preludeBytes);
  bytes.set(payload, preludeBytes + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - checksumBytes)), total - checksumBytes);
  return bytes;
}

function headerBytes(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  const head = Buffer.alloc(1 + nameBytes.length + 3);
  head.writeUInt8(nameBytes.length, 0);
  head.set(nameBytes, 1);
  head.writeUInt8(textType, 1 + nameBytes.length);
  head.writeUInt16BE(valueBytes.length, 2 + nameBytes.length);
  return Buffer.concat([head, valueBytes]);
}
