import { type Datatype, datatypes } from "../../contracts/datatypes.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { writeBytesElements } from "./bytes-elements.ts";
import { toFloat16Bits } from "./float16.ts";
import { type Elements, elementsOf } from "./nested-elements.ts";
import { elementCount, itemBytes } from "./tensor.ts";

/** Where a tensor stands in its request, for messages. */
export interface JsonTensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Path of the `data` field, as `inputs[0].data`. */
  readonly field: string;
}

/**
 * The binary layout of a tensor from its parsed JSON `data`, nested or flat (V2: both are legal).
 *
 * @returns undefined where a 64-bit integer is beyond what a JSON number holds exactly: the text has to be used
 * @throws ServingError INVALID_REQUEST that names the element that does not fit
 */
export function readJsonData(tensor: JsonTensor, data: unknown): Uint8Array | undefined {
  const expected = elementCount(tensor.shape);
  const elements = elementsOf(data, tensor.field);
  if (elements.length !== expected) {
    const shape = JSON.stringify(tensor.shape);
    throw ServingError.invalidField(
      tensor.field,
      `${String(expected ?? "fewer")} elements (shape ${shape})`,
      String(elements.length),
    );
  }
  return writers[tensor.datatype](elements, tensor);
}

type Writer = (elements: Elements, tensor: JsonTensor) => Uint8Array | undefined;

const writers: Readonly<Record<Datatype, Writer>> = {
  BOOL: (elements, tensor) => Uint8Array.from(elements, (value, index) => readBoolean(value, index, tensor)),
  UINT8: (elements, tensor) => bytesOf(fill(new Uint8Array(elements.length), elements, tensor)),
  UINT16: (elements, tensor) => bytesOf(fill(new Uint16Array(elements.length), elements, tensor)),
  UINT32: (elements, tensor) => bytesOf(fill(new Uint32Array(elements.length), elements, tensor)),
  UINT64: (elements, tensor) => fill64(elements, tensor),
  INT8: (elements, tensor) => bytesOf(fill(new Int8Array(elements.length), elements, tensor)),
  INT16: (elements, tensor) => bytesOf(fill(new Int16Array(elements.length), elements, tensor)),
  INT32: (elements, tensor) => bytesOf(fill(new Int32Array(elements.length), elements, tensor)),
  INT64: (elements, tensor) => fill64(elements, tensor),
  FP16: (elements, tensor) => {
    const numbers = fillFloats(new Float64Array(elements.length), elements, tensor);
    return bytesOf(Uint16Array.from(numbers, toFloat16Bits));
  },
  FP32: (elements, tensor) => bytesOf(fillFloats(new Float32Array(elements.length), elements, tensor)),
  FP64: (elements, tensor) => bytesOf(fillFloats(new Float64Array(elements.length), elements, tensor)),
  BYTES: (elements, tensor) => {
    const encoder = new TextEncoder();
    return writeBytesElements(elements.map((value, index) => encoder.encode(readText(value, index, tensor))));
  },
};

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

type IntegerArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

function fill<Target extends IntegerArray>(target: Target, elements: Elements, tensor: JsonTensor): Target {
  for (let index = 0; index < elements.length; index += 1) {
    const value = elements[index];
    if (typeof value !== "number") throw wrongElement(value, index, tensor);
    target[index] = value;
    // What the array made of it is what was sent, or it did not fit: 1.5, 300 as a byte, −1 unsigned.
    if (target[index] !== value) throw wrongElement(value, index, tensor);
  }
  return target;
}

function fill64(elements: Elements, tensor: JsonTensor): Uint8Array | undefined {
  const target =
    tensor.datatype === "UINT64" ? new BigUint64Array(elements.length) : new BigInt64Array(elements.length);
  for (let index = 0; index < elements.length; index += 1) {
    const value = elements[index];
    if (typeof value !== "number" || !Number.isInteger(value)) throw wrongElement(value, index, tensor);
    if (!Number.isSafeInteger(value)) return undefined;
    if (value < 0 && tensor.datatype === "UINT64") throw wrongElement(value, index, tensor);
    target[index] = BigInt(value);
  }
  return bytesOf(target);
}

function fillFloats<Target extends Float32Array | Float64Array>(
  target: Target,
  elements: Elements,
  tensor: JsonTensor,
): Target {
  const largest = largestFloat[tensor.datatype] ?? Number.MAX_VALUE;
  for (let index = 0; index < elements.length; index += 1) {
    const value = elements[index];
    if (typeof value === "number" && Math.abs(value) < largest) target[index] = value;
    // JSON has no NaN: clients of numpy-like servers send null for a missing value.
    else if (value === null) target[index] = Number.NaN;
    else throw wrongElement(value, index, tensor);
  }
  return target;
}

/** From here up a number would be rounded to infinity. */
const largestFloat: Readonly<Partial<Record<Datatype, number>>> = {
  FP16: 65_520,
  FP32: 2 ** 128 - 2 ** 103,
  FP64: Number.POSITIVE_INFINITY,
};

function readBoolean(value: unknown, index: number, tensor: JsonTensor): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === 0 || value === 1) return value;
  throw wrongElement(value, index, tensor);
}

function readText(value: unknown, index: number, tensor: JsonTensor): string {
  if (typeof value === "string") return value;
  throw wrongElement(value, index, tensor);
}

function wrongElement(value: unknown, index: number, { datatype, field }: JsonTensor): ServingError {
  return ServingError.wrongValue(`${field}[${String(index)}]`, expectations(datatype), value);
}

function expectations(datatype: Datatype): string {
  const bits = itemBytes(datatype) * 8;
  switch (datatypes[datatype].kind) {
    case "boolean":
      return "true or false (BOOL)";
    case "unsigned":
      return `an integer from 0 to 2^${String(bits)} − 1 (${datatype})`;
    case "signed":
      return `an integer from −2^${String(bits - 1)} to 2^${String(bits - 1)} − 1 (${datatype})`;
    case "float":
      return `a finite number or null (${datatype})`;
    case "bytes":
      return "a string (BYTES)";
  }
}
