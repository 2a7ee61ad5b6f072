import type { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSpec } from "../models/model-spec.ts";
import type { InferenceCall, InferenceResult } from "../scheduling/inference-call.ts";
import type { TensorSignature } from "../tensors/tensor.ts";

/** Reads bodies as calls and writes results as bodies: CSV, JSON, NumPy's files and whatever else has a content type. */
export interface PayloadCodec {
  /**
   * Reads a body, and settles how its answer will be written.
   *
   * @throws ServingError UNSUPPORTED_MEDIA_TYPE, NOT_ACCEPTABLE, MALFORMED_JSON, or INVALID_REQUEST with field, expected
   * and got
   */
  open(request: PayloadRequest, model: PayloadModel): OpenPayload;
  /** The answer to a call that went wrong. */
  refuse(error: ServingError): RefusedPayload;
}

export interface PayloadRequest {
  /** As it came, with its parameters; empty: none. */
  readonly contentType: string;
  /** As it came; null: none. */
  readonly accept: string | null;
  readonly bytes: Uint8Array;
}

/** What is known of the model that the body is for. */
export interface PayloadModel {
  readonly spec: ModelSpec;
  /** Null where the model has not been loaded yet, or does not tell. */
  readonly inputs: readonly TensorSignature[] | null;
}

/** A body that has been read. */
export interface OpenPayload {
  readonly call: Omit<InferenceCall, "deadlineMs">;
  /** What the caller allows, in milliseconds; null for the server's default. */
  readonly timeoutMs: number | null;
  /** @throws ServingError NOT_ACCEPTABLE where this type cannot carry the result */
  write(result: InferenceResult): WrittenPayload;
}

export interface RefusedPayload extends WrittenPayload {
  readonly status: number;
}

export interface WrittenPayload {
  readonly contentType: string;
  readonly body: Uint8Array;
}
