import { type Datatype, datatypes } from "../../contracts/datatypes.ts";
import type { Parameters } from "../../contracts/parameters.ts";

/** An array in the V2 binary layout: row-major, little endian, BYTES elements each with a u32 length before them. */
export interface BinaryData {
  readonly encoding: "binary";
  readonly bytes: Uint8Array;
}

/**
 * The text of a JSON array as the caller sent it, flat or nested, not yet parsed: large bodies are parsed once, where
 * they are used, and INT64 loses nothing on the way.
 */
interface JsonData {
  readonly encoding: "json";
  readonly text: Uint8Array;
}

export type TensorData = BinaryData | JsonData;

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Row-major dimensions; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: TensorData;
  readonly parameters?: Parameters;
}

/** What a call carries: tensors, or bytes that only the model understands. */
export type Payload =
  | { readonly kind: "tensors"; readonly tensors: readonly Tensor[] }
  | {
      readonly kind: "opaque";
      readonly contentType: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly bytes: Uint8Array;
    };

/** What a model says of a tensor it takes: −1 is a dimension that varies. */
export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** Number of elements, or undefined where it is not a safe integer. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const dimension of shape) {
    count *= dimension;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

export function itemBytes(datatype: Datatype): number {
  return datatypes[datatype].itemBytes;
}

export function dataBytes(data: TensorData): number {
  return data.encoding === "binary" ? data.bytes.byteLength : data.text.byteLength;
}
