import { datatypeNames, isDatatype } from "../../../../contracts/datatypes.ts";
import type { Json, Parameters } from "../../../../contracts/parameters.ts";
import { ServingError } from "../../../../contracts/serving-error.ts";
import { type JsonTensor, readJsonData } from "../../../../core/tensors/json-reader.ts";
import { elementCount, itemBytes, type Tensor, type TensorData } from "../../../../core/tensors/tensor.ts";
import { type DataSpan, findDataSpans } from "./data-spans.ts";
import { readList, readObject, readParameters } from "./request-fields.ts";
import { maxTensors, readOutputs, type RequestedOutputs } from "./requested-outputs.ts";

/** A V2 infer request, freed from JSON. */
export interface InferRequest extends RequestedOutputs {
  /** The caller's id; null when it sent none, or an empty one that is to be kept: `""`. */
  readonly id: string | null;
  /** How the inputs as a whole are meant, as `pd`; null where the request does not say. */
  readonly contentType: string | null;
  /** Parameters that are the model's business. */
  readonly parameters: Parameters | null;
  readonly priority: number;
  /** What the caller allows, in milliseconds; null for the server's default. */
  readonly timeoutMs: number | null;
  readonly tensors: readonly Tensor[];
}

/** Bodies up to this size are parsed here; of larger ones the numbers are left to the worker (measured: bench/README). */
export const smallBodyBytes = 16 * 1024;

/** Attack surface, after Triton's own list: dimensions and tensors are counted before anything is allocated. */
const maxDimensions = 16;
const maxTensorBytes = 2 ** 31;

/**
 * Reads the body of an infer request.
 *
 * @throws ServingError MALFORMED_JSON or INVALID_REQUEST with field, expected and got
 */
export function decodeInferRequest(body: Buffer): InferRequest {
  if (body.byteLength > smallBodyBytes) {
    const spans = findDataSpans(body);
    if (spans !== undefined) return decodeWithSpans(body, spans);
  }
  const request = decodeParsed(parseJson(body.toString("utf8")), () => undefined);
  if (request !== undefined) return request;
  // A 64-bit integer that a JSON number cannot hold: the text has it exactly.
  const spans = findDataSpans(body);
  if (spans === undefined) {
    throw ServingError.invalidField(
      "inputs",
      "64-bit integers in plain arrays",
      "a structure that cannot be read exactly",
    );
  }
  return decodeWithSpans(body, spans);
}

function decodeWithSpans(body: Buffer, spans: readonly (DataSpan | null)[]): InferRequest {
  const request = decodeParsed(parseJson(textAround(body, spans)), (index) => {
    const span = spans[index];
    return span ? { encoding: "json", text: body.subarray(span.start, span.end) } : undefined;
  });
  if (request === undefined) throw new ServingError("INTERNAL", "A spanned request came back undecoded.");
  return request;
}

/** The request with every `data` array replaced by `null`. */
function textAround(body: Buffer, spans: readonly (DataSpan | null)[]): string {
  let text = "";
  let at = 0;
  for (const span of spans) {
    if (span === null) continue;
    text += `${body.toString("utf8", at, span.start)}null`;
    at = span.end;
  }
  return text + body.toString("utf8", at);
}

/** @throws ServingError MALFORMED_JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServingError("MALFORMED_JSON", `The body is not JSON: ${why}`, {}, { cause: error });
  }
}

type TextOf = (index: number) => TensorData | undefined;

/**
 * Reads a request that has been parsed.
 *
 * @param textOf the data of an input that stands elsewhere than in its `data`; undefined where it does not
 * @returns undefined when an integer needs the lossless way
 */
export function decodeParsed(body: unknown, textOf: TextOf): InferRequest | undefined {
  const request = readObject(body, "body");
  const inputs = readList(request["inputs"], "inputs");
  if (inputs.length === 0 || inputs.length > maxTensors) {
    throw ServingError.invalidField("inputs", `1 to ${String(maxTensors)} tensors`, String(inputs.length));
  }
  const tensors: Tensor[] = [];
  for (const [index, input] of inputs.entries()) {
    const tensor = readTensor(input, index, textOf(index));
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  const parameters = readParameters(request["parameters"], "parameters");
  return {
    id: readId(request["id"]),
    ...readOutputs(request["outputs"], parameters),
    contentType: readContentType(parameters),
    parameters: modelParameters(parameters),
    priority: readCount(parameters?.["priority"], "parameters.priority") ?? 0,
    timeoutMs: timeoutMsOf(parameters),
    tensors,
  };
}

function readTensor(value: unknown, index: number, text: TensorData | undefined): Tensor | undefined {
  const field = `inputs[${String(index)}]`;
  const input = readObject(value, field);
  const { name, datatype, data } = input;
  if (typeof name !== "string") throw ServingError.wrongValue(`${field}.name`, "a string", name);
  if (!isDatatype(datatype))
    throw ServingError.wrongValue(`${field}.datatype`, `one of ${datatypeNames.join(", ")}`, datatype);
  const shape = readShape(input["shape"], `${field}.shape`);
  const count = elementCount(shape);
  if (count === undefined || count * itemBytes(datatype) > maxTensorBytes) {
    const expected = `at most ${String(maxTensorBytes)} bytes of ${datatype}`;
    throw ServingError.invalidField(`${field}.shape`, expected, JSON.stringify(shape));
  }
  const parameters = readParameters(input["parameters"], `${field}.parameters`);
  const held = text ?? ownData({ datatype, shape, field: `${field}.data` }, data, parameters);
  return held && { name, datatype, shape, data: held, ...(parameters === undefined ? {} : { parameters }) };
}

/** What stands in a tensor's `data`; undefined when an integer needs the lossless way. */
function ownData(
  tensor: JsonTensor,
  data: unknown,
  parameters: Parameters | undefined,
): TensorData | undefined {
  // Triton's clients write a tensor without elements as no bytes at all, and then leave the header out too.
  const isEmpty = data === undefined && parameters?.["binary_data_size"] === 0;
  if (data === undefined && !isEmpty) throw ServingError.wrongValue(tensor.field, "an array", data);
  const bytes = readJsonData(tensor, isEmpty ? [] : data);
  return bytes && { encoding: "binary", bytes };
}

function readShape(value: unknown, field: string): readonly number[] {
  const shape = readList(value, field);
  if (shape.length > maxDimensions) {
    throw ServingError.invalidField(
      field,
      `at most ${String(maxDimensions)} dimensions`,
      String(shape.length),
    );
  }
  const dimensions: number[] = [];
  for (const [axis, dimension] of shape.entries()) {
    if (typeof dimension !== "number" || !Number.isSafeInteger(dimension) || dimension < 0) {
      throw ServingError.wrongValue(`${field}[${String(axis)}]`, "an integer from 0", dimension);
    }
    dimensions.push(dimension);
  }
  return dimensions;
}

function readId(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw ServingError.wrongValue("id", "a string", value);
  return value;
}

function readContentType(parameters: Parameters | undefined): string | null {
  const type = parameters?.["content_type"];
  return typeof type === "string" ? type : null;
}

/** V2 counts `timeout` in microseconds; 0 stands for none of its own. */
function timeoutMsOf(parameters: Parameters | undefined): number | null {
  const timeoutUs = readCount(parameters?.["timeout"], "parameters.timeout");
  return timeoutUs === undefined || timeoutUs === 0 ? null : timeoutUs / 1000;
}

function readCount(value: Json | undefined, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw ServingError.wrongValue(field, "an integer from 0", value);
}

/** Keys that are the server's business, not the model's: they must not keep calls from sharing a batch. */
const serverParameters: ReadonlySet<string> = new Set([
  "priority",
  "timeout",
  "headers",
  "content_type",
  "binary_data_output",
]);

function modelParameters(parameters: Parameters | undefined): Parameters | null {
  if (parameters === undefined) return null;
  const rest = Object.entries(parameters).filter(([key]) => !serverParameters.has(key));
  return rest.length === 0 ? null : Object.fromEntries(rest);
}
