import { ServingError } from "../../../../contracts/serving-error.ts";
import { bytesElementEnds } from "../../../../core/tensors/bytes-elements.ts";
import type { ModelSpec } from "../../../../core/models/model-spec.ts";
import type { InferenceResult } from "../../../../core/scheduling/inference-call.ts";
import { elementCount, itemBytes, type Tensor, type TensorData } from "../../../../core/tensors/tensor.ts";
import { decodeParsed, type InferRequest, parseJson } from "./decode.ts";
import { encodeReply, encodeTensor } from "./encode.ts";
import { readList, readObject } from "./request-fields.ts";

/** V2's binary extension: JSON without the numbers, then the bytes of every tensor that says `binary_data_size`. */

/** Where a body's JSON ends, and what says so: a header or a parameter of the content type. */
export interface BinaryHead {
  readonly field: string;
  /** As it was written. */
  readonly bytes: string;
}

/** @throws ServingError as `decodeInferRequest`, and where the bytes do not fit what the JSON says */
export function decodeBinaryRequest(body: Buffer, head: BinaryHead): InferRequest {
  const headBytes = /^\d{1,15}$/.test(head.bytes) ? Number(head.bytes) : 0;
  if (headBytes === 0 || headBytes > body.length) {
    const expected = `the length of the JSON at the body's beginning, from 1 to ${String(body.length)}`;
    throw ServingError.invalidField(head.field, expected, head.bytes.slice(0, 40));
  }
  const parsed = readObject(parseJson(body.toString("utf8", 0, headBytes)), "body");
  const inputs = readList(parsed["inputs"], "inputs");
  const parts = cut(body.subarray(headBytes), inputs.map(binarySize));
  const request = decodeParsed(parsed, (index) => parts[index]);
  if (request === undefined) {
    throw ServingError.invalidField("inputs", "64-bit integers beyond 2^53 as bytes", "numbers in JSON");
  }
  const tensors = request.tensors.map((tensor, index) =>
    parts[index] === undefined ? tensor : withoutSize(checked(tensor, index)),
  );
  return { ...request, tensors };
}

function binarySize(input: unknown, index: number): number | null {
  const field = `inputs[${String(index)}]`;
  const { parameters, data } = readObject(input, field);
  if (parameters === undefined || parameters === null) return null;
  const { binary_data_size: size } = readObject(parameters, `${field}.parameters`);
  if (size === undefined) return null;
  if (data !== undefined)
    throw ServingError.wrongValue(`${field}.data`, "nothing beside binary_data_size", data);
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) return size;
  throw ServingError.wrongValue(`${field}.parameters.binary_data_size`, "an integer from 0", size);
}

function cut(bytes: Buffer, sizes: readonly (number | null)[]): readonly (TensorData | undefined)[] {
  let at = 0;
  const parts = sizes.map((size): TensorData | undefined => {
    if (size === null) return undefined;
    const part = bytes.subarray(at, at + size);
    at += size;
    return { encoding: "binary", bytes: part };
  });
  if (at !== bytes.length) {
    throw ServingError.invalidField("body", `${String(at)} bytes after the JSON`, String(bytes.length));
  }
  return parts;
}

/** The bytes are as many as the shape wants. */
function checked(tensor: Tensor, index: number): Tensor {
  const { datatype, shape, data } = tensor;
  const count = elementCount(shape);
  const bytes = data.encoding === "binary" ? data.bytes : new Uint8Array(0);
  const fits =
    datatype === "BYTES"
      ? bytesElementEnds(bytes)?.length === count
      : bytes.byteLength === (count ?? 0) * itemBytes(datatype);
  if (fits) return tensor;
  const expected = `${String(count)} elements of ${datatype} (shape ${JSON.stringify(shape)})`;
  throw ServingError.invalidField(`inputs[${String(index)}]`, expected, `${String(bytes.byteLength)} bytes`);
}

/** The size is about the body, not about the model. */
function withoutSize({ name, datatype, shape, data, parameters = {} }: Tensor): Tensor {
  const rest = Object.entries(parameters).filter(([key]) => key !== "binary_data_size");
  return {
    name,
    datatype,
    shape,
    data,
    ...(rest.length === 0 ? {} : { parameters: Object.fromEntries(rest) }),
  };
}

export interface BinaryReply {
  /** Length of the JSON at its beginning; null where it is nothing but JSON. */
  readonly headerBytes: number | null;
  readonly body: Buffer;
}

/** @param reply.isBinary which outputs are written as bytes */
export function encodeBinaryReply(
  spec: ModelSpec,
  result: InferenceResult,
  reply: { readonly id: string; readonly isBinary: (output: string) => boolean },
): BinaryReply {
  const parts: Uint8Array[] = [];
  const texts = result.outputs.map((output) => {
    if (output.data.encoding !== "binary" || !reply.isBinary(output.name)) return encodeTensor(output);
    parts.push(output.data.bytes);
    return encodeAbout(output, output.data.bytes.byteLength);
  });
  const json = Buffer.from(encodeReply(spec, reply.id, texts));
  if (parts.length === 0) return { headerBytes: null, body: json };
  return { headerBytes: json.length, body: Buffer.concat([json, ...parts]) };
}

function encodeAbout({ name, shape, datatype, parameters }: Tensor, size: number): string {
  const about = JSON.stringify({ ...parameters, binary_data_size: size });
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join(",")}],"datatype":"${datatype}","parameters":${about}}`;
}
