import fc from "fast-check";
import { type Datatype, datatypeNames } from "../../contracts/datatypes.ts";
import type { Parameters } from "../../contracts/parameters.ts";
import type { InferenceCall } from "../scheduling/inference-call.ts";
import { itemBytes, type Payload, type Tensor } from "../tensors/tensor.ts";
import { writeBytesElements } from "../tensors/bytes-elements.ts";

/**
 * Calls whose every row has a number of its own, and carries it in its first tensor: whoever sees rows of a batch can
 * tell whose they are. The other tensors are filled from that number, so that a row put together from two is found out.
 */

interface TensorStyle {
  readonly name: string;
  readonly datatype: Datatype;
  /** Dimensions after the first. */
  readonly rest: readonly number[];
  readonly parameters?: Parameters;
}

/** Everything about a call but its rows: calls of one style may share a batch, calls of two must not. */
export interface CallStyle {
  readonly form: "rows" | "text" | "opaque" | "scalar" | "ragged";
  readonly tensors: readonly TensorStyle[];
  readonly outputs: readonly string[] | null;
  readonly parameters: Parameters | null;
}

/** Names that would be another call's whole key if they were put together without care. */
const names = ["a", "b", "a\u0000INT32;b", 'a"INT32;"b'];
const parameterSets: readonly Parameters[] = [{}, { k: 1 }, { k: "1" }, { k: [1], l: null }];
const rests: readonly (readonly number[])[] = [[], [1], [2], [3, 1], [0]];

const extraTensor = fc.record(
  {
    name: fc.constantFrom(...names),
    datatype: fc.constantFrom(...datatypeNames),
    rest: fc.constantFrom(...rests),
    parameters: fc.constantFrom(...parameterSets),
  },
  { requiredKeys: ["name", "datatype", "rest"] },
);

/** Styles that are often equal, and often differ in one thing only. */
export const anyStyle: fc.Arbitrary<CallStyle> = fc.record({
  form: fc.oneof(
    { weight: 8, arbitrary: fc.constant("rows" as const) },
    { weight: 1, arbitrary: fc.constantFrom("text", "opaque", "scalar", "ragged") },
  ),
  tensors: fc
    .tuple(fc.constantFrom(...names), fc.array(extraTensor, { maxLength: 2 }))
    .map(([name, extra]) => [{ name, datatype: "INT32", rest: [] }, ...extra]),
  outputs: fc.constantFrom(null, [], ["a"], ["a", "b"], ['a","b']),
  parameters: fc.constantFrom(null, ...parameterSets),
});

/** The payload of a call of this style with the rows `first`, `first + 1`, … */
export function numberedPayload(style: CallStyle, first: number, rows: number): Payload {
  const [head] = style.tensors;
  switch (style.form) {
    case "rows":
      return { kind: "tensors", tensors: style.tensors.map((tensor) => numberedTensor(tensor, first, rows)) };
    case "ragged": {
      const more = { name: "more", datatype: "UINT8", rest: [] } as const;
      const tensors = [
        ...style.tensors.map((tensor) => numberedTensor(tensor, first, rows)),
        numberedTensor(more, first, rows + 1),
      ];
      return { kind: "tensors", tensors };
    }
    case "text": {
      const text = new TextEncoder().encode(JSON.stringify(numbersFrom(first, rows)));
      return {
        kind: "tensors",
        tensors: [
          { name: head?.name ?? "", datatype: "INT32", shape: [rows], data: { encoding: "json", text } },
        ],
      };
    }
    case "scalar":
      return {
        kind: "tensors",
        tensors: [
          { ...numberedTensor({ name: "scalar", datatype: "INT32", rest: [] }, first, 1), shape: [] },
        ],
      };
    case "opaque":
      return {
        kind: "opaque",
        contentType: "application/octet-stream",
        headers: {},
        bytes: numbersAsBytes(first, rows),
      };
  }
}

/** Rows that {@link numberedPayload} makes of so many asked for. */
export function rowsOf(style: CallStyle, rows: number): number {
  return style.form === "scalar" ? 1 : rows;
}

/** The numbers of the rows in a payload. */
export function rowNumbers(payload: Payload): readonly number[] {
  if (payload.kind === "opaque") return numbersOf(payload.bytes);
  const data = payload.tensors[0]?.data;
  if (data === undefined) throw new Error("A numbered call has a tensor.");
  if (data.encoding === "binary") return numbersOf(data.bytes);
  const numbers: unknown = JSON.parse(new TextDecoder().decode(data.text));
  return Array.isArray(numbers) ? numbers.map(Number) : [];
}

/** What a row-wise model answers that gives back what it gets. */
export function echoOf(payload: Payload): readonly Tensor[] {
  if (payload.kind === "tensors") return payload.tensors;
  const { bytes } = payload;
  return [
    { name: "bytes", datatype: "UINT8", shape: [bytes.byteLength], data: { encoding: "binary", bytes } },
  ];
}

/** Whether two calls may share a batch, said as plainly as possible. */
export function mayShare(one: InferenceCall, other: InferenceCall): boolean {
  const aspects = [one, other].map(({ payload, outputs, parameters }) =>
    JSON.stringify({
      tensors: echoOf(payload).map((tensor) => ({ ...tensor, data: null, shape: tensor.shape.slice(1) })),
      outputs,
      parameters,
    }),
  );
  return aspects[0] === aspects[1];
}

/** Row after row, each filled from its number alone. */
function numberedTensor(
  { name, datatype, rest, parameters }: TensorStyle,
  first: number,
  rows: number,
): Tensor {
  const perRow = rest.reduce((product, dimension) => product * dimension, 1);
  const pieces = numbersFrom(first, rows).flatMap((row) =>
    Array.from({ length: perRow }, (_, column) => elementOf(datatype, row, column)),
  );
  const bytes = datatype === "BYTES" ? writeBytesElements(pieces) : Buffer.concat(pieces);
  return {
    name,
    datatype,
    shape: [rows, ...rest],
    data: { encoding: "binary", bytes },
    ...(parameters === undefined ? {} : { parameters }),
  };
}

function elementOf(datatype: Datatype, row: number, column: number): Uint8Array {
  if (datatype === "BYTES") return new TextEncoder().encode("é".repeat(row % 5) + String(row));
  if (datatype === "INT32" && column === 0) return numbersAsBytes(row, 1);
  return Buffer.alloc(itemBytes(datatype), row * 31 + column + 1);
}

function numbersFrom(first: number, rows: number): readonly number[] {
  return Array.from({ length: rows }, (_, row) => first + row);
}

function numbersAsBytes(first: number, rows: number): Uint8Array {
  return new Uint8Array(Int32Array.from(numbersFrom(first, rows)).buffer);
}

function numbersOf(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getInt32(index * 4, true));
}
