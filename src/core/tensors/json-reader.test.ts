import { describe, expect, it } from "vitest";
import type { Datatype } from "../../contracts/datatypes.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { readJsonData } from "./json-reader.ts";
import { jsonDataOf } from "./json-writer.ts";

const field = "inputs[0].data";

function read(datatype: Datatype, data: unknown, shape: readonly number[] = [1]) {
  return readJsonData({ datatype, shape, field }, data);
}

function refusal(datatype: Datatype, data: unknown, shape?: readonly number[]): ServingError {
  try {
    read(datatype, data, shape);
  } catch (error) {
    return ServingError.from(error);
  }
  throw new Error("It was taken.");
}

/** `[[[…]]]`, so many levels deep, without a stack that deep. */
function deep(levels: number, innermost: unknown): unknown {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe("readJsonData", () => {
  it.each<[Datatype, unknown, string]>([
    ["BOOL", 2, "true or false (BOOL)"],
    ["BOOL", "true", "true or false (BOOL)"],
    ["BOOL", null, "true or false (BOOL)"],
    ["UINT8", 256, "an integer from 0 to 2^8 − 1 (UINT8)"],
    ["UINT8", -1, "an integer from 0 to 2^8 − 1 (UINT8)"],
    ["UINT16", 65536, "an integer from 0 to 2^16 − 1 (UINT16)"],
    ["UINT32", 2 ** 32, "an integer from 0 to 2^32 − 1 (UINT32)"],
    ["UINT64", -1, "an integer from 0 to 2^64 − 1 (UINT64)"],
    ["UINT64", 0.5, "an integer from 0 to 2^64 − 1 (UINT64)"],
    ["INT8", 128, "an integer from −2^7 to 2^7 − 1 (INT8)"],
    ["INT16", -32769, "an integer from −2^15 to 2^15 − 1 (INT16)"],
    ["INT32", 1.5, "an integer from −2^31 to 2^31 − 1 (INT32)"],
    ["INT64", "1", "an integer from −2^63 to 2^63 − 1 (INT64)"],
    ["INT64", null, "an integer from −2^63 to 2^63 − 1 (INT64)"],
    ["INT64", true, "an integer from −2^63 to 2^63 − 1 (INT64)"],
    ["FP16", "1.5", "a finite number or null (FP16)"],
    ["FP32", true, "a finite number or null (FP32)"],
    ["FP64", { a: 1 }, "a finite number or null (FP64)"],
    ["BYTES", 7, "a string (BYTES)"],
    ["BYTES", null, "a string (BYTES)"],
  ])("refuses in %s the element %j", (datatype, value, expected) => {
    const good = datatype === "BYTES" ? "" : 0;
    const { code, details } = refusal(datatype, [good, value], [2]);
    expect(code).toBe("INVALID_REQUEST");
    expect(details).toMatchObject({ field: `${field}[1]`, expected });
    expect(details.got).not.toBe("");
  });

  it("takes 0 and 1 for BOOL, null for NaN, and a bare value for an array of one", () => {
    expect(read("BOOL", [0, 1, true], [3])).toEqual(Uint8Array.of(0, 1, 1));
    expect(read("FP64", null)).toEqual(read("FP64", [null]));
    expect(read("UINT8", 7, [])).toEqual(Uint8Array.of(7));
    expect(read("BYTES", "a")).toEqual(Uint8Array.of(1, 0, 0, 0, 97));
  });

  it.each<[Datatype, number, number]>([
    ["FP16", 65519.99, 65520],
    ["FP32", 3.4028235677973362e38, 2 ** 128 - 2 ** 103],
    ["FP64", Number.MAX_VALUE, Number.POSITIVE_INFINITY],
  ])(
    "takes in %s what is rounded to its largest, and refuses what would be infinite",
    (datatype, largest, tooLarge) => {
      for (const sign of [1, -1]) {
        const bytes = read(datatype, [sign * largest]) ?? new Uint8Array();
        const text = jsonDataOf({ name: "x", datatype, shape: [1], data: { encoding: "binary", bytes } });
        expect(text).not.toBe("[null]");
        expect(refusal(datatype, [sign * tooLarge]).details.field).toBe(`${field}[0]`);
      }
    },
  );

  it("takes any even nesting of the right count", () => {
    const expected = Uint8Array.of(1, 2, 3, 4);
    for (const data of [
      [1, 2, 3, 4],
      [
        [1, 2],
        [3, 4],
      ],
      [[1, 2, 3, 4]],
      [
        [[1], [2]],
        [[3], [4]],
      ],
    ]) {
      expect(read("UINT8", data, [2, 2])).toEqual(expected);
    }
    expect(read("UINT8", [[], []], [2, 0])).toEqual(new Uint8Array(0));
  });

  it.each([
    [[[1, 2, 3], [4]], "[1]", "an array of 3, as before it", "an array of 1"],
    [[[1], 2, 3, 4], "[1]", "an array of 1, as before it", "2"],
    [[1, [2, [3]], 4], "[1]", "a value, as before it", "an array of 2"],
    [
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      "[1][1]",
      "an array of 1, as before it",
      "an array of 2",
    ],
    [[[], [1, 2, 3, 4]], "[1]", "an array of 0, as before it", "an array of 4"],
  ])("refuses uneven rows: %j", (data, path, expected, got) => {
    expect(refusal("UINT8", data, [2, 2]).details).toEqual({ field: field + path, expected, got });
  });

  it("leaves to the text what a JSON number does not hold exactly", () => {
    expect(read("INT64", [2 ** 53 - 1, -(2 ** 53) + 1], [2])).toHaveLength(16);
    expect(read("INT64", [2 ** 53])).toBeUndefined();
    expect(read("INT64", [-(2 ** 63)])).toBeUndefined();
    expect(read("UINT64", [2 ** 64])).toBeUndefined();
    expect(read("UINT64", [1e300])).toBeUndefined();
  });

  it("takes nesting to a depth that no shape has, and refuses more without a deep stack", () => {
    expect(read("UINT8", deep(31, 1))).toEqual(Uint8Array.of(1));
    for (const levels of [40, 200_000]) expect(refusal("UINT8", deep(levels, 1)).details.field).toBe(field);
    let object: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) object = { a: object };
    expect(refusal("UINT8", [object])).toMatchObject({
      code: "INVALID_REQUEST",
      details: { field: `${field}[0]` },
    });
  });

  it("repeats no more than a few bytes of what it refuses", () => {
    const { message } = refusal("FP32", ["x".repeat(1_000_000)]);
    expect(message.length).toBeLessThan(200);
  });

  it("keeps infinities out of shapes that are none", () => {
    expect(refusal("UINT8", [1], [2 ** 40, 2 ** 40]).details.expected).toContain("fewer");
  });
});
