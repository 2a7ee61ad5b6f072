import fc from "fast-check";
import { expect, test } from "vitest";
import { LogFrames } from "./log-frames.ts";

function frame(source: "stdout" | "stderr", text: string): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(source === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(data.byteLength, 4);
  return Buffer.concat([header, data]);
}

test("frames come out as they went in, however the stream was cut", () => {
  const anyFrame = fc.record({
    source: fc.constantFrom("stdout" as const, "stderr" as const),
    text: fc.string(),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(anyFrame), cuts, (frames, sizes) => {
      const stream = Buffer.concat(frames.map(({ source, text }) => frame(source, text)));
      const found: { source: string; text: string }[] = [];
      const reader = new LogFrames((source, data) =>
        found.push({ source, text: Buffer.from(data).toString() }),
      );
      for (let at = 0, turn = 0; at < stream.byteLength; turn += 1) {
        const end = at + (sizes[turn % sizes.length] ?? 1);
        reader.push(stream.subarray(at, end));
        at = end;
      }
      expect(found).toEqual(frames);
    }),
  );
});
