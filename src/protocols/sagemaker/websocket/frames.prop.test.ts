import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCodes, encodeFrame, FrameReader, opcodes, type SocketEvent, SocketFault } from "./frames.ts";

const mask = Buffer.of(1, 2, 3, 4);

/** The same frame as a client sends it. */
function masked(frame: Buffer): Buffer {
  const short = (frame[1] ?? 0) & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  const head = Buffer.from(frame.subarray(0, start));
  head[1] = (head[1] ?? 0) | 0x80;
  const payload = Buffer.from(frame.subarray(start)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([head, mask, payload]);
}

function fragment(opcode: number, payload: Uint8Array, isFinal: boolean): Buffer {
  const frame = masked(encodeFrame(opcode, payload));
  if (!isFinal) frame[0] = (frame[0] ?? 0) & 0x7f;
  return frame;
}

function read(bytes: Buffer, cuts: readonly number[]): readonly SocketEvent[] {
  const reader = new FrameReader(1_000_000);
  const events: SocketEvent[] = [];
  let at = 0;
  for (const cut of [
    ...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]) {
    events.push(...reader.push(bytes.subarray(at, cut)));
    at = cut;
  }
  return events;
}

const anyPayload = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 1, 1, 400))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)));

describe("FrameReader", () => {
  it("reads messages, fragmented ones too, wherever the bytes are cut", () => {
    const anyMessage = fc.array(anyPayload, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (messages, cuts) => {
          const frames = messages.flatMap((parts) =>
            parts.map((part, index) =>
              fragment(index === 0 ? opcodes.binary : opcodes.continuation, part, index === parts.length - 1),
            ),
          );
          expect(read(Buffer.concat(frames), cuts)).toEqual(
            messages.map((parts) => ({ kind: "message", isText: false, bytes: Buffer.concat(parts) })),
          );
        },
      ),
    );
  });

  it("lets control frames through between fragments", () => {
    const frames = [
      fragment(opcodes.text, Buffer.from("a"), false),
      fragment(opcodes.ping, Buffer.from("p"), true),
      fragment(opcodes.continuation, Buffer.from("b"), true),
      fragment(opcodes.close, Buffer.alloc(0), true),
    ];
    expect(read(Buffer.concat(frames), [])).toEqual([
      { kind: "ping", bytes: Buffer.from("p") },
      { kind: "message", isText: true, bytes: Buffer.from("ab") },
      { kind: "close" },
    ]);
  });

  it.each([
    ["a frame without a mask", encodeFrame(opcodes.text, Buffer.from("a")), closeCodes.protocol],
    [
      "a continuation of nothing",
      fragment(opcodes.continuation, Buffer.from("a"), true),
      closeCodes.protocol,
    ],
    ["an unknown kind", fragment(3, Buffer.from("a"), true), closeCodes.protocol],
    ["a fragmented ping", fragment(opcodes.ping, Buffer.from("a"), false), closeCodes.protocol],
    ["a text that is none", fragment(opcodes.text, Buffer.of(0xff), true), closeCodes.text],
    [
      "a message over the limit, before it has come",
      fragment(opcodes.binary, Buffer.alloc(1_000_001), true).subarray(0, 20),
      closeCodes.tooBig,
    ],
  ])("refuses %s", (_name, bytes, code) => {
    // Short frames are filled up: a header is looked at when all of it could be there.
    const reader = new FrameReader(1_000_000);
    const all = Buffer.concat([bytes, Buffer.alloc(8)]);
    let fault: unknown = null;
    try {
      expect([...reader.push(all)]).toEqual([]);
    } catch (error) {
      fault = error;
    }
    expect(fault).toMatchObject({ code });
  });

  it("refuses or reads whatever comes, and never fails otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          read(Buffer.from(bytes), []);
        } catch (error) {
          expect(error).toBeInstanceOf(SocketFault);
        }
      }),
    );
  });
});
