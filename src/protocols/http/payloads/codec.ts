import { randomUUID } from "node:crypto";
import { ServingError } from "../../../contracts/serving-error.ts";
import type {
  OpenPayload,
  PayloadCodec,
  PayloadModel,
  PayloadRequest,
  RefusedPayload,
  WrittenPayload,
} from "../../../core/ports/payload-codec.ts";
import type { InferenceResult } from "../../../core/scheduling/inference-call.ts";
import type { Tensor, TensorSignature } from "../../../core/tensors/tensor.ts";
import { writeBytesElements } from "../../../core/tensors/bytes-elements.ts";
import { readCells } from "./csv-cells.ts";
import { readNumberTable } from "./csv-numbers.ts";
import { type Format, namedFormat, replyFormat, requestFormat, typeOf } from "./formats.ts";
import { isObject, type JsonStyle, parseJsonText, readJsonTensors, rowsToTensors } from "./json.ts";
import { readJsonLines } from "./json-lines.ts";
import { asUtf8, type MediaType, parseMediaType } from "./media-type.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { encodeRefusal } from "./refusal.ts";
import { decodeBinaryRequest, encodeBinaryReply } from "./v2/binary.ts";
import { decodeInferRequest, decodeParsed, type InferRequest, smallBodyBytes } from "./v2/decode.ts";
import { findDataSpans } from "./v2/data-spans.ts";
import { encodeInferReply } from "./v2/encode.ts";
import { writeCsv, writeJson, writeJsonLines } from "./write-text.ts";

/**
 * Bodies to tensors and back, by their content types: CSV, JSON, JSON lines, NumPy's files, V2 JSON and its binary form
 * under the name that Triton's SageMaker images use.
 *
 * @param settings.defaultAccept what answers are written as where the caller has no wish, as
 *   `SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT` says; null: as the request is
 */
export function createPayloadCodec(settings: { readonly defaultAccept: string | null }): PayloadCodec {
  const fallback = settings.defaultAccept === null ? null : namedFormat(settings.defaultAccept);
  return {
    open: (request, model) => openPayload(request, model, fallback),
    refuse: (error): RefusedPayload => encodeRefusal(error),
  };
}

const onlyName = "input";

function openPayload(request: PayloadRequest, model: PayloadModel, fallback: Format | null): OpenPayload {
  const type = parseMediaType(request.contentType);
  const own = requestFormat(type, request.bytes);
  const reply = replyFormat(request.accept, own, fallback);
  const read = readers[own]({ bytes: request.bytes, type, inputs: model.inputs });
  const { v2 } = read;
  return {
    call: {
      payload: { kind: "tensors", tensors: read.tensors },
      outputs: v2?.outputs ?? null,
      parameters: v2?.parameters ?? null,
      priority: v2?.priority ?? 0,
    },
    timeoutMs: v2?.timeoutMs ?? null,
    write: (result) => writers[reply]({ result: v2 === null ? asVectors(result) : result, read, model }),
  };
}

/** A body that has been read, and what its answer depends on. */
interface ReadBody {
  readonly tensors: readonly Tensor[];
  readonly style: JsonStyle;
  /** Null where it is not V2. */
  readonly v2: InferRequest | null;
  /** Whether an output is wanted as bytes; null where the request does not say. */
  readonly isBinary: ((output: string) => boolean) | null;
}

interface ReadRequest {
  readonly bytes: Uint8Array;
  readonly type: MediaType;
  readonly inputs: readonly TensorSignature[] | null;
}

type Reader = (request: ReadRequest) => ReadBody;

const readers: Readonly<Record<Format, Reader>> = {
  csv: (request) => plain([readCsv(request)], "instances"),
  json: readJson,
  "json-lines": ({ bytes, type, inputs }) => {
    const rows = readJsonLines(asUtf8(bytes, type).toString("utf8"));
    return plain(rowsToTensors(rows, { field: "lines", signatures: inputs }), "instances");
  },
  npy: ({ bytes }) => plain([readNpy(onlyName, bufferOf(bytes))], "bare"),
  triton: ({ bytes, type }) => {
    const size = type.parameters.get("json-header-size");
    // Without it the body is all JSON, as without the header of V2's binary extension.
    const head = { field: "json-header-size", bytes: size ?? String(bytes.byteLength) };
    const request = decodeBinaryRequest(bufferOf(bytes), head);
    return { ...v2Body(request), isBinary: request.isBinary ?? (() => false) };
  },
};

function plain(tensors: readonly Tensor[], style: JsonStyle): ReadBody {
  return { tensors, style, v2: null, isBinary: null };
}

function v2Body(request: InferRequest): ReadBody {
  return { tensors: request.tensors, style: "bare", v2: request, isBinary: null };
}

function readCsv({ bytes, type, inputs }: ReadRequest): Tensor {
  const text = asUtf8(bytes, type);
  const rows = type.parameters.get("header") === "present" ? text.subarray(text.indexOf("\n") + 1) : text;
  const signature = inputs?.[0];
  if (signature?.datatype === "BYTES") return textTensor(rows.toString("utf8"), signature);
  const { rows: count, columns, values } = readNumberTable(rows);
  const isVector = signature?.shape.length === 1 && columns === 1;
  const data = { encoding: "binary", bytes: bytesOf(values) } as const;
  return { name: onlyName, datatype: "FP64", shape: isVector ? [count] : [count, columns], data };
}

function textTensor(text: string, signature: TensorSignature): Tensor {
  const rows = readCells(text);
  const columns = rows[0]?.length ?? 0;
  const isVector = signature.shape.length === 1 && columns === 1;
  const bytes = writeBytesElements(rows.flat().map((cell) => Buffer.from(cell)));
  return {
    name: onlyName,
    datatype: "BYTES",
    shape: isVector ? [rows.length] : [rows.length, columns],
    data: { encoding: "binary", bytes },
  };
}

function readJson({ bytes, type, inputs }: ReadRequest): ReadBody {
  const text = asUtf8(bytes, type);
  if (text.byteLength > smallBodyBytes && (findDataSpans(text)?.length ?? 0) > 0) {
    return v2Body(decodeInferRequest(text));
  }
  const value = parseJsonText(text.toString("utf8"));
  if (isV2(value)) return v2Body(decodeParsed(value, () => undefined) ?? decodeInferRequest(text));
  const { style, tensors } = readJsonTensors(value, inputs);
  return plain(tensors, style);
}

/** V2's inputs are objects with a datatype; everybody else's are arrays. */
function isV2(value: unknown): boolean {
  if (!isObject(value) || !Array.isArray(value["inputs"])) return false;
  const inputs: readonly unknown[] = value["inputs"];
  const [first] = inputs;
  return isObject(first) && "datatype" in first;
}

/** V2 knows no vector of answers: one row's only value stands in a column of its own there, and nowhere else. */
function asVectors({ outputs }: InferenceResult): InferenceResult {
  return {
    outputs: outputs.map((output) => {
      const [rows, columns] = output.shape;
      const isColumn = rows !== undefined && columns === 1 && output.shape.length === 2;
      return isColumn ? { ...output, shape: [rows] } : output;
    }),
  };
}

interface WriteRequest {
  readonly result: InferenceResult;
  readonly read: ReadBody;
  readonly model: PayloadModel;
}

type Writer = (request: WriteRequest) => WrittenPayload;

const writers: Readonly<Record<Format, Writer>> = {
  csv: ({ result }) => written("csv", writeCsv(result.outputs)),
  "json-lines": ({ result }) => written("json-lines", writeJsonLines(result.outputs)),
  json: ({ result, read, model }) => {
    const { v2, style } = read;
    if (v2 === null) return written("json", writeJson(result.outputs, style));
    const { id, textOutputs } = v2;
    return written("json", encodeInferReply(model.spec, result, { id: id ?? randomUUID(), textOutputs }));
  },
  npy: ({ result: { outputs } }) => {
    const [only] = outputs;
    if (only !== undefined && outputs.length === 1) return written("npy", writeNpy(only));
    const message = `A file of NumPy's holds one output, and these are ${String(outputs.length)}.`;
    throw new ServingError("NOT_ACCEPTABLE", message, { field: "accept", hint: "Ask for one output." });
  },
  triton: ({ result, read, model }) => {
    const isBinary = read.isBinary ?? (() => true);
    const id = read.v2?.id ?? randomUUID();
    const { headerBytes, body } = encodeBinaryReply(model.spec, result, { id, isBinary });
    if (headerBytes === null) return written("json", body);
    return { contentType: `${typeOf.triton};json-header-size=${String(headerBytes)}`, body };
  },
};

function written(format: Format, body: string | Buffer): WrittenPayload {
  return { contentType: typeOf[format], body: typeof body === "string" ? Buffer.from(body) : body };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
