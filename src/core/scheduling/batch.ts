import type { Parameters } from "../../contracts/parameters.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { type BinaryData, itemBytes, type Payload, type Tensor } from "../tensors/tensor.ts";
import { bytesElementEnds } from "../tensors/bytes-elements.ts";
import type { InferenceCall, InferenceResult } from "./inference-call.ts";

/** What goes to a runtime in one piece: one call as it is, or several compatible ones, row under row. */
export interface Batch {
  readonly calls: number;
  readonly rows: number;
  readonly payload: Payload;
  readonly outputs: readonly string[] | null;
  readonly parameters: Parameters | null;
}

/**
 * Rows of a call that may be merged with others: the first dimension that all its tensors share. Null for a call that
 * has to run alone: opaque, scalar, empty, ragged, or not yet parsed.
 */
export function mergeableRows(call: InferenceCall): number | null {
  if (call.payload.kind !== "tensors") return null;
  let rows = 0;
  for (const { shape, data } of call.payload.tensors) {
    const first = shape[0];
    if (first === undefined || first < 1 || data.encoding !== "binary") return null;
    if (rows !== 0 && first !== rows) return null;
    rows = first;
  }
  return rows === 0 ? null : rows;
}

/**
 * Calls with equal keys may share a batch: same inputs (names, datatypes, dimensions past the first, parameters), same
 * outputs, same parameters. Everything that a model could see is in the key, so merging cannot change an answer.
 */
export function compatibilityKey(call: InferenceCall): string {
  if (call.payload.kind !== "tensors") return "opaque";
  let key = "";
  for (const { name, datatype, shape, parameters } of call.payload.tensors) {
    // Quoted: a name is the caller's, and must not be able to look like the rest of a key.
    key += `${JSON.stringify(name)}${datatype}`;
    for (let axis = 1; axis < shape.length; axis += 1) key += `,${String(shape[axis])}`;
    key += parameters === undefined ? ";" : `${JSON.stringify(parameters)};`;
  }
  if (call.outputs !== null) key += JSON.stringify(call.outputs);
  if (call.parameters !== null) key += JSON.stringify(call.parameters);
  return key;
}

/** Puts the rows of compatible calls under one another. One call passes through untouched. */
export function mergeCalls(calls: readonly InferenceCall[], rows: number): Batch {
  const [first, ...rest] = calls;
  if (first === undefined) throw new ServingError("INTERNAL", "A batch needs a call.");
  const { payload, outputs, parameters } = first;
  if (rest.length === 0 || payload.kind !== "tensors") {
    return { calls: 1, rows, payload, outputs, parameters };
  }
  const tensors = payload.tensors.map((tensor, index) => mergeTensor(tensor, index, calls, rows));
  return { calls: calls.length, rows, payload: { kind: "tensors", tensors }, outputs, parameters };
}

function mergeTensor(tensor: Tensor, index: number, calls: readonly InferenceCall[], rows: number): Tensor {
  const pieces = calls.map((call) => binaryTensor(call, index).bytes);
  return {
    ...tensor,
    shape: [rows, ...tensor.shape.slice(1)],
    data: { encoding: "binary", bytes: concatenate(pieces) },
  };
}

function binaryTensor(call: InferenceCall, index: number): BinaryData {
  const tensor = call.payload.kind === "tensors" ? call.payload.tensors[index] : undefined;
  if (tensor?.data.encoding !== "binary")
    throw new ServingError("INTERNAL", "Incompatible calls in a batch.");
  return tensor.data;
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += piece.byteLength;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}

/**
 * Gives each call its own rows back, as views. Undefined when the result's rows are not the batch's rows: the model
 * is not row-wise after all, and the calls have to run one by one.
 *
 * @param rowsOfCalls rows of each call, in the order they were merged in
 */
export function splitResult(
  result: InferenceResult,
  rowsOfCalls: readonly number[],
): readonly InferenceResult[] | undefined {
  const total = rowsOfCalls.reduce((sum, rows) => sum + rows, 0);
  const columns: (readonly Tensor[])[] = [];
  for (const tensor of result.outputs) {
    const pieces = splitTensor(tensor, rowsOfCalls, total);
    if (pieces === undefined) return undefined;
    columns.push(pieces);
  }
  return rowsOfCalls.map((_, index) => ({
    outputs: columns.flatMap((pieces) => pieces[index] ?? []),
  }));
}

function splitTensor(
  tensor: Tensor,
  rowsOfCalls: readonly number[],
  total: number,
): readonly Tensor[] | undefined {
  if (tensor.shape[0] !== total || tensor.data.encoding !== "binary") return undefined;
  const rowEnds = rowBoundaries(tensor, tensor.data.bytes, total);
  if (rowEnds === undefined) return undefined;
  const { bytes } = tensor.data;
  const rest = tensor.shape.slice(1);
  let row = 0;
  return rowsOfCalls.map((rows) => {
    const start = rowEnds(row);
    row += rows;
    return {
      ...tensor,
      shape: [rows, ...rest],
      data: { encoding: "binary", bytes: bytes.subarray(start, rowEnds(row)) },
    };
  });
}

/** Byte offset at which a number of rows ends; undefined where the bytes are not that many whole rows. */
function rowBoundaries(
  tensor: Tensor,
  bytes: Uint8Array,
  total: number,
): ((row: number) => number) | undefined {
  const elementsPerRow = tensor.shape.slice(1).reduce((product, dimension) => product * dimension, 1);
  const size = itemBytes(tensor.datatype);
  if (size > 0) {
    const rowBytes = elementsPerRow * size;
    return rowBytes * total === bytes.byteLength ? (row) => row * rowBytes : undefined;
  }
  const ends = bytesElementEnds(bytes);
  if (ends?.length !== elementsPerRow * total) return undefined;
  return (row) => (row === 0 ? 0 : (ends[row * elementsPerRow - 1] ?? 0));
}
