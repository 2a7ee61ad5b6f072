import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Parameters } from "../../contracts/parameters.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { InferenceResult } from "../../core/scheduling/inference-call.ts";
import { decodeBinaryRequest, encodeBinaryReply } from "../http/payloads/v2/binary.ts";
import { decodeInferRequest, type InferRequest } from "../http/payloads/v2/decode.ts";
import { encodeInferReply } from "../http/payloads/v2/encode.ts";

/** Length of the JSON before the bytes, in V2's binary extension; Triton's clients write tensors that way. */
const jsonLengthHeader = "inference-header-content-length";

/** @throws ServingError as `decodeInferRequest` */
export function readInferRequest(headers: IncomingHttpHeaders, body: Buffer): InferRequest {
  const bytes = headers[jsonLengthHeader];
  if (typeof bytes !== "string") return decodeInferRequest(body);
  return decodeBinaryRequest(body, { field: jsonLengthHeader, bytes });
}

/** Content types that change what a model gets. All others are arrays, as with `np`. */
const tellingTypes: ReadonlySet<string> = new Set(["pd", "str"]);

/** What the model is told besides its inputs: the content type that the request names, or else the model's settings. */
export function callParameters(
  spec: ModelSpec,
  { contentType, parameters }: InferRequest,
): Parameters | null {
  const type = contentType ?? spec.metadata.parameters["content_type"];
  if (typeof type !== "string" || !tellingTypes.has(type)) return parameters;
  return { ...parameters, content_type: type };
}

export interface InferReply {
  readonly id: string;
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** The answer as JSON, with its outputs as bytes behind it where the caller wants them so. */
export function writeInferReply(
  spec: ModelSpec,
  result: InferenceResult,
  { id: ownId, textOutputs, isBinary }: InferRequest,
): InferReply {
  const id = ownId ?? randomUUID();
  if (isBinary === null) {
    const body = encodeInferReply(spec, result, { id, textOutputs });
    return { id, contentType: "application/json", body, headers: [] };
  }
  const { headerBytes, body } = encodeBinaryReply(spec, result, { id, isBinary });
  if (headerBytes === null) return { id, contentType: "application/json", body, headers: [] };
  const headers = [jsonLengthHeader, String(headerBytes)];
  return { id, contentType: "application/octet-stream", body, headers };
}
