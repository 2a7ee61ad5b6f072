import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, runs } from "../../core/testing/fuzz.ts";
import { encodeFrame, type Frame, FrameError, type FrameKind, frameKinds, FrameReader } from "./frames.ts";
import { goldenFrames } from "./testing/golden-frames.ts";

const kinds: readonly FrameKind[] = [
  "hello",
  "call",
  "chunk",
  "end",
  "cancel",
  "load",
  "unload",
  "log",
  "metric",
  "health",
  "fork",
  "exited",
  "import",
];

function framesIn(...pieces: readonly Buffer[]): readonly Frame[] {
  const reader = new FrameReader();
  return pieces.flatMap((piece) => [...reader.push(piece)]);
}

/** Sixteen bytes that announce a frame. */
function prelude(fields: {
  readonly header?: number;
  readonly payload?: number;
  readonly kind?: number;
  readonly reserved?: number;
}): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(fields.header ?? 2, 0);
  bytes.writeUInt32LE(fields.payload ?? 0, 4);
  bytes.writeUInt8(fields.kind ?? frameKinds.call, 12);
  bytes.writeUInt16LE(fields.reserved ?? 0, 14);
  return bytes;
}

describe("golden frames", () => {
  it("are there, of every kind", () => {
    expect(new Set(goldenFrames.map(({ kind }) => kind))).toEqual(new Set(Object.values(frameKinds)));
    expect([...kinds].sort()).toEqual(Object.keys(frameKinds).sort());
  });

  it.each(goldenFrames)("$name is read as Python wrote it", ({ kind, id, flags, header, payload, frame }) => {
    const [read, ...more] = framesIn(Buffer.from(frame, "hex"));
    expect(more).toEqual([]);
    expect(read && frameKinds[read.kind]).toBe(kind);
    expect(read).toMatchObject({ id, isLast: flags === 1, header });
    expect(read?.payload.toString("hex")).toBe(payload);
  });

  it.each(goldenFrames.filter(({ flags }) => flags === 0))(
    "$name is written as Python writes it",
    ({ kind, id, header, payload, frame }) => {
      const name = kinds.find((candidate) => frameKinds[candidate] === kind);
      if (name === undefined) throw new Error("A kind without a name.");
      const bytes = Buffer.from(payload, "hex");
      const halves = [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
      expect(Buffer.concat(encodeFrame({ kind: name, id, header, payload: halves })).toString("hex")).toBe(
        frame,
      );
    },
  );
});

const anyFrame = fc.record({
  kind: fc.constantFrom(...kinds),
  id: fc.integer({ min: 0, max: 0xffffffff }),
  header: fc.dictionary(
    fc.string({ unit: "grapheme" }),
    fc.oneof(fc.integer(), fc.string({ unit: "grapheme" })),
    { maxKeys: 4, noNullPrototype: true },
  ),
  payload: fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(70_000).fill(7))), {
    maxLength: 2,
  }),
});

describe("FrameReader", () => {
  it("finds the frames, however the stream is cut", patience, () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 5 }), cuts, (frames, places) => {
        const stream = Buffer.concat(frames.flatMap((frame) => encodeFrame(frame)));
        const ends = [...places.map((place) => Math.floor(place * stream.length)), stream.length].sort(
          (a, b) => a - b,
        );
        const pieces = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
        const read = framesIn(...pieces);
        expect(read.map(({ payload, ...frame }) => ({ ...frame, payload: payload.toString("hex") }))).toEqual(
          frames.map(({ payload, ...frame }) => ({
            ...frame,
            isLast: false,
            payload: Buffer.concat(payload).toString("hex"),
          })),
        );
      }),
      runs(300),
    );
  });

  it("takes a stream byte by byte", () => {
    const stream = Buffer.concat(goldenFrames.map(({ frame }) => Buffer.from(frame, "hex")));
    const bytes = Array.from(stream, (_, index) => stream.subarray(index, index + 1));
    expect(framesIn(...bytes).map(({ header }) => header)).toEqual(goldenFrames.map(({ header }) => header));
  });

  it("gives a frame as soon as it is there, and no sooner", () => {
    const reader = new FrameReader();
    const bytes = Buffer.concat(encodeFrame({ kind: "health", id: 1, header: {} }));
    expect([...reader.push(bytes.subarray(0, -1))]).toEqual([]);
    expect([...reader.push(Buffer.concat([bytes.subarray(-1), bytes.subarray(0, 5)]))]).toHaveLength(1);
    expect([...reader.push(bytes.subarray(5))]).toHaveLength(1);
  });

  it("ends in frames or in a FrameError on bytes that mean nothing", patience, () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .tuple(
          fc.integer({ min: 0, max: 20 }),
          fc.integer({ min: 0, max: 20 }),
          fc.uint8Array({ maxLength: 60 }),
        )
        .map(([header, payload, bytes]) => Buffer.concat([prelude({ header, payload }), bytes])),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 5 }), (pieces) => {
        try {
          framesIn(...pieces.map((piece) => Buffer.from(piece)));
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      runs(1000),
    );
  });

  it.each([
    ["a header over its limit", prelude({ header: 2 ** 20 + 1 })],
    ["a payload over its limit", prelude({ payload: 2 ** 30 + 1 })],
    ["the largest lengths that can be said", prelude({ header: 2 ** 32 - 1, payload: 2 ** 32 - 1 })],
    ["an unknown kind, whose payload may never come", prelude({ kind: 99, payload: 2 ** 30 })],
    ["kind 0", prelude({ kind: 0 })],
    ["reserved bytes that are not zero", prelude({ reserved: 1 })],
  ])("refuses %s by the prelude alone", (_, bytes) => {
    expect(() => framesIn(bytes)).toThrow(FrameError);
  });

  it.each([Buffer.alloc(0), Buffer.from("{"), Buffer.from([0xff, 0xfe])])(
    "refuses the header %o, which is not JSON",
    (header) => {
      expect(() => framesIn(prelude({ header: header.length }), header)).toThrow(FrameError);
    },
  );

  it("allocates nothing for what is only announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 64 }, () => new FrameReader());
    for (const reader of readers)
      expect([...reader.push(prelude({ header: 2 ** 20, payload: 2 ** 30 }))]).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  it("puts a large frame together once, in time that grows with its size", () => {
    const payload = new Uint8Array(2 ** 23);
    const stream = Buffer.concat(encodeFrame({ kind: "chunk", id: 1, header: {}, payload: [payload] }));
    const reader = new FrameReader();
    let frames = 0;
    const startedAt = performance.now();
    for (let at = 0; at < stream.length; at += 1024)
      frames += [...reader.push(stream.subarray(at, at + 1024))].length;
    expect(frames).toBe(1);
    // Copying what has come with every piece would be 32 GiB.
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});

describe("encodeFrame", () => {
  it("copies small payloads and passes large ones on", () => {
    const large = new Uint8Array(100_000);
    expect(
      encodeFrame({ kind: "call", id: 1, header: {}, payload: [new Uint8Array(10), new Uint8Array(20)] }),
    ).toHaveLength(1);
    expect(encodeFrame({ kind: "call", id: 1, header: {}, payload: [large] })[1]).toBe(large);
  });

  it("refuses what the other side would refuse", () => {
    const header = { text: "x".repeat(2 ** 20) };
    expect(() => encodeFrame({ kind: "call", id: 1, header })).toThrow(FrameError);
  });
});
