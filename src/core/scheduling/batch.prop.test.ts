import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyStyle, type CallStyle, echoOf, mayShare, numberedPayload } from "../testing/numbered-calls.ts";
import { patience, runs } from "../testing/fuzz.ts";
import type { Payload, Tensor } from "../tensors/tensor.ts";
import { compatibilityKey, mergeableRows, mergeCalls, splitResult } from "./batch.ts";
import type { InferenceCall } from "./inference-call.ts";

const rowsOfCalls = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
const rowStyle = anyStyle.map((style): CallStyle => ({ ...style, form: "rows" }));

function callOf(style: CallStyle, first: number, rows: number): InferenceCall {
  const { outputs, parameters } = style;
  return {
    payload: numberedPayload(style, first, rows),
    outputs,
    parameters,
    deadlineMs: Infinity,
    priority: 0,
  };
}

/** Calls of one style, numbered through. */
function callsOf(style: CallStyle, rows: readonly number[]): readonly InferenceCall[] {
  let first = 0;
  return rows.map((count) => {
    const call = callOf(style, first, count);
    first += count;
    return call;
  });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

describe("batches", () => {
  it("give every call its own rows back, whatever their datatypes", patience, () => {
    fc.assert(
      fc.property(rowStyle, rowsOfCalls, (style, rows) => {
        const calls = callsOf(style, rows);
        const total = sumOf(rows);
        const batch = mergeCalls(calls, total);
        expect(batch).toMatchObject({
          calls: calls.length,
          rows: total,
          outputs: style.outputs,
          parameters: style.parameters,
        });
        const pieces = splitResult({ outputs: echoOf(batch.payload) }, rows);
        expect(pieces?.map(({ outputs }) => plain(outputs))).toEqual(
          calls.map(({ payload }) => plain(echoOf(payload))),
        );
      }),
      runs(600),
    );
  });

  it("hold exactly the rows of all calls as one call with all rows would", patience, () => {
    fc.assert(
      fc.property(rowStyle, rowsOfCalls, (style, rows) => {
        const total = sumOf(rows);
        const merged = mergeCalls(callsOf(style, rows), total).payload;
        expect(plain(echoOf(merged))).toEqual(plain(echoOf(callOf(style, 0, total).payload)));
      }),
      runs(300),
    );
  });

  it("are never split by a result with other rows than theirs", patience, () => {
    const change = fc.constantFrom(-1, 1);
    fc.assert(
      fc.property(rowStyle, rowsOfCalls, change, (style, rows, more) => {
        const other = callOf(style, 0, sumOf(rows) + more).payload;
        expect(splitResult({ outputs: echoOf(other) }, rows)).toBeUndefined();
      }),
      runs(300),
    );
  });

  it("are never split by a result whose bytes are not its shape's", patience, () => {
    fc.assert(
      fc.property(rowStyle, rowsOfCalls, fc.integer({ min: 1, max: 9 }), (style, rows, cut) => {
        const outputs = echoOf(callOf(style, 0, sumOf(rows)).payload);
        const [first, ...others] = outputs;
        if (first?.data.encoding !== "binary") return;
        const bytes = first.data.bytes.subarray(0, Math.max(0, first.data.bytes.byteLength - cut));
        const garbled: Tensor = { ...first, data: { encoding: "binary", bytes } };
        expect(splitResult({ outputs: [garbled, ...others] }, rows)).toBeUndefined();
      }),
      runs(200),
    );
  });

  it("are made of calls that differ in nothing that a model could see", patience, () => {
    fc.assert(
      fc.property(rowStyle, rowStyle, fc.integer({ min: 1, max: 3 }), (style, otherStyle, rows) => {
        const [one, other] = [callOf(style, 0, rows), callOf(otherStyle, 10, 2)];
        expect(compatibilityKey(one) === compatibilityKey(other)).toBe(mayShare(one, other));
      }),
      runs(2000),
    );
  });
});

describe("compatibilityKey", () => {
  const plainStyle: CallStyle = { form: "rows", tensors: [int32("a")], outputs: null, parameters: null };

  it.each<[string, Partial<CallStyle>, Partial<CallStyle>]>([
    [
      "a name that looks like two tensors",
      { tensors: [int32("a\u0000INT32;b")] },
      { tensors: [int32("a"), int32("b")] },
    ],
    [
      "a name with quotes that does",
      { tensors: [int32('a"INT32;"b')] },
      { tensors: [int32("a"), int32("b")] },
    ],
    ["a name that ends in a datatype", { tensors: [int32("aINT32")] }, { tensors: [int32("a")] }],
    ["outputs that look like two", { outputs: ['a","b'] }, { outputs: ["a", "b"] }],
    ["no outputs and the default", { outputs: [] }, { outputs: null }],
    [
      "parameters of the call and of a tensor",
      { parameters: { k: 1 } },
      { tensors: [{ ...int32("a"), parameters: { k: 1 } }] },
    ],
    ["a number and its text", { parameters: { k: 1 } }, { parameters: { k: "1" } }],
  ])("tells apart %s", (_, one, other) => {
    const keys = [one, other].map((style) => compatibilityKey(callOf({ ...plainStyle, ...style }, 0, 1)));
    expect(keys[0]).not.toBe(keys[1]);
  });
});

function int32(name: string): CallStyle["tensors"][number] {
  return { name, datatype: "INT32", rest: [] };
}

describe("mergeableRows", () => {
  it("counts the rows that all tensors share", () => {
    fc.assert(
      fc.property(anyStyle, fc.integer({ min: 1, max: 4 }), (style, rows) => {
        expect(mergeableRows(callOf(style, 0, rows))).toBe(style.form === "rows" ? rows : null);
      }),
    );
  });

  it.each<[string, Payload]>([
    ["without tensors", { kind: "tensors", tensors: [] }],
    ["without rows", { kind: "tensors", tensors: [binary([0, 4], 0)] }],
    ["with a scalar among its tensors", { kind: "tensors", tensors: [binary([2], 2), binary([], 1)] }],
    ["with tensors of different lengths", { kind: "tensors", tensors: [binary([2], 2), binary([3], 3)] }],
  ])("leaves a call alone that is %s", (_, payload) => {
    expect(
      mergeableRows({ payload, outputs: null, parameters: null, deadlineMs: Infinity, priority: 0 }),
    ).toBeNull();
  });
});

describe("splitResult", () => {
  it("refuses a scalar, and a tensor that is still text", () => {
    const text = new TextEncoder().encode("[1,2]");
    expect(splitResult({ outputs: [binary([], 1)] }, [1, 1])).toBeUndefined();
    const unparsed: Tensor = { name: "x", datatype: "UINT8", shape: [2], data: { encoding: "json", text } };
    expect(splitResult({ outputs: [unparsed] }, [1, 1])).toBeUndefined();
  });

  it("gives a model without outputs to all", () => {
    expect(splitResult({ outputs: [] }, [2, 1])).toEqual([{ outputs: [] }, { outputs: [] }]);
  });
});

function binary(shape: readonly number[], bytes: number): Tensor {
  return { name: "x", datatype: "UINT8", shape, data: { encoding: "binary", bytes: new Uint8Array(bytes) } };
}

/** Tensors with their bytes as plain numbers: views of different buffers compare as what they hold. */
function plain(tensors: readonly Tensor[]): readonly object[] {
  return tensors.map(({ data, ...about }) => ({
    ...about,
    bytes: data.encoding === "binary" ? Buffer.from(data.bytes).toString("hex") : null,
  }));
}
