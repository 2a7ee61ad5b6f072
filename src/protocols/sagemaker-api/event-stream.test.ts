import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { payloadParts, streamError } from "./event-stream.ts";

interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

/** Reads frames as a client does: every length and checksum has to be right. */
function framesOf(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const total = bytes.readUInt32BE(at);
    const headerBytes = bytes.readUInt32BE(at + 4);
    const whole = bytes.subarray(at, at + total);
    expect(whole.readUInt32BE(8)).toBe(crc32(whole.subarray(0, 8)));
    expect(whole.readUInt32BE(total - 4)).toBe(crc32(whole.subarray(0, total - 4)));
    const headers = headersOf(whole.subarray(12, 12 + headerBytes));
    frames.push({ headers, payload: whole.subarray(12 + headerBytes, total - 4) });
    at += total;
  }
  return frames;
}

function headersOf(bytes: Buffer): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    expect(bytes.readUInt8(nameEnd)).toBe(7);
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    headers[bytes.toString("utf8", at + 1, nameEnd)] = bytes.toString("utf8", nameEnd + 3, valueEnd);
    at = valueEnd;
  }
  return headers;
}

describe("event streams", () => {
  it("carry any bytes, in parts that clients take", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const frames = framesOf(payloadParts(bytes));
        expect(Buffer.concat(frames.map(({ payload }) => payload))).toEqual(Buffer.from(bytes));
        for (const { headers } of frames) expect(headers[":event-type"]).toBe("PayloadPart");
      }),
    );
    const large = Buffer.alloc(2_500_000, 7);
    const frames = framesOf(payloadParts(large));
    expect(frames).toHaveLength(3);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(large)).toBe(true);
  });

  it("say how they broke off", () => {
    const [frame] = framesOf(streamError("StreamBroken", "it went away"));
    expect(frame?.headers).toMatchObject({
      ":message-type": "exception",
      ":exception-type": "ModelStreamError",
    });
    expect(JSON.parse(frame?.payload.toString() ?? "")).toEqual({
      Message: "it went away",
      ErrorCode: "StreamBroken",
    });
  });
});
