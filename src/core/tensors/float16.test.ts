import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readConformance } from "../testing/conformance.ts";
import { fromFloat16Bits, toFloat16Bits } from "./float16.ts";

const largestHalf = 0x7bff;

/** The nearest doubles below and above one that is positive. */
function neighboursOf(value: number): readonly [number, number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const beside = [bits - 1n, bits + 1n].map((neighbour) => {
    view.setBigUint64(0, neighbour);
    return view.getFloat64(0);
  });
  return [beside[0] ?? 0, beside[1] ?? 0];
}

describe("halves", () => {
  it("are read as Python reads each of the 65,536", () => {
    const values = Float64Array.from({ length: 0x10000 }, (_, bits) => fromFloat16Bits(bits));
    const sum = createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");
    expect(readConformance("v2/float16.json")).toMatchObject({ values_sha256: sum });
  });

  it("survive the way to a number and back, but for what a NaN carries", () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const isNan = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
      const back = toFloat16Bits(fromFloat16Bits(bits));
      if (isNan ? Number.isNaN(fromFloat16Bits(back)) : back === bits) continue;
      expect.fail(`${bits.toString(16)} came back as ${back.toString(16)}`);
    }
    expect(toFloat16Bits(Number.NaN) & 0x7fff).toBe(0x7e00);
  });

  it("are rounded as Python rounds, at every midpoint and beside it", () => {
    const rounded: number[] = [];
    for (let bits = 0; bits <= largestHalf; bits += 1) {
      const above = bits === largestHalf ? 65536 : fromFloat16Bits(bits + 1);
      const middle = (fromFloat16Bits(bits) + above) / 2;
      const [less, more] = neighboursOf(middle);
      for (const value of [less, middle, more]) rounded.push(toFloat16Bits(value), toFloat16Bits(-value));
    }
    const sum = createHash("sha256")
      .update(new Uint8Array(Uint16Array.from(rounded).buffer))
      .digest("hex");
    expect(readConformance("v2/float16.json")).toMatchObject({ midpoints_sha256: sum });
  });

  it.each([
    [0, 0],
    [-0, 0x8000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [1e300, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [5e-324, 0],
    [-5e-324, 0x8000],
    // Half an ulp above 1 and a bit: a detour over 32 bits would lose the bit, and round down.
    [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  ])("make of %d the bits %d", (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });
});
