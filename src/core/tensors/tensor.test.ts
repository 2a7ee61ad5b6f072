import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesElementEnds, readBytesElements, writeBytesElements } from "./bytes-elements.ts";
import { elementCount } from "./tensor.ts";

describe("elementCount", () => {
  it.each([
    [[], 1],
    [[0], 0],
    [[2, 3, 4], 24],
    [[2 ** 26, 2 ** 26], 2 ** 52],
    [[2 ** 27, 2 ** 26], undefined],
    [[2 ** 40, 2 ** 40, 0], undefined],
  ])("of %j is %j", (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });
});

describe("BYTES elements", () => {
  it("survive the binary layout", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.nat({ max: 5 }), (elements, offset) => {
        const bytes = writeBytesElements(elements);
        const shifted = new Uint8Array(offset + bytes.length);
        shifted.set(bytes, offset);
        expect(readBytesElements(shifted.subarray(offset))).toEqual(elements);
        expect(bytesElementEnds(bytes)?.at(-1) ?? 0).toBe(bytes.length);
      }),
    );
  });

  it("are found out where their lengths do not fit, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const elements = readBytesElements(bytes);
        if (elements !== undefined) expect(writeBytesElements(elements)).toEqual(bytes);
      }),
    );
    for (const bytes of [[1], [1, 0, 0, 0], [2, 0, 0, 0, 7], [255, 255, 255, 255, 0], [0, 0, 0, 0, 0]]) {
      expect(readBytesElements(Uint8Array.from(bytes))).toBeUndefined();
    }
  });
});
