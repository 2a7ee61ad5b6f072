import type { Parameters } from "../../contracts/parameters.ts";
import type { Payload, Tensor } from "../tensors/tensor.ts";

/** One request, freed from its protocol. */
export interface InferenceCall {
  readonly payload: Payload;
  /** Output names in the order asked for; null for the model's default. */
  readonly outputs: readonly string[] | null;
  /** Parameters that the model may see; calls with different ones are never merged. */
  readonly parameters: Parameters | null;
  /** On the clock of the scheduler; Infinity for none. */
  readonly deadlineMs: number;
  /** Lower goes first; 0 is the default, as in V2, and stands behind all positive ones. */
  readonly priority: number;
}

export interface InferenceResult {
  readonly outputs: readonly Tensor[];
}

/** Where the time of a call went, in milliseconds. */
export interface CallTiming {
  readonly queueMs: number;
  readonly computeMs: number;
  /** Calls in the batch it ran in. */
  readonly batchCalls: number;
}

export interface InferenceReply {
  readonly result: InferenceResult;
  readonly timing: CallTiming;
}
