import type { ServingError } from "../../contracts/serving-error.ts";
import type { Batch } from "../scheduling/batch.ts";
import type { InferenceResult } from "../scheduling/inference-call.ts";
import type { Lane } from "../scheduling/lane.ts";
import type { ModelDescription } from "../models/model-description.ts";
import type { ModelSpec } from "../models/model-spec.ts";

/** Runs models: in processes, in this process, or behind a port. */
export interface Runtime {
  /** Brings a model into memory; rejects with MODEL_LOAD_FAILED, ENVIRONMENT_UNUSABLE or OUT_OF_MEMORY. */
  load(spec: ModelSpec): Promise<Instance>;
  /** Ends every process; resolves when none is left. */
  stop(): Promise<void>;
}

/** A model in memory, in one place. */
export interface Instance {
  readonly description: ModelDescription;
  /** The worker it lives in: instances of one lane run one batch after the other. */
  readonly lane: Lane;
  /** Whether it can run now; false while its worker is being replaced. */
  readonly isAvailable: boolean;
  /** Runs a batch. Never rejects: an outcome says what happened. */
  run(batch: Batch): Promise<BatchOutcome>;
  /** Ends what is running, with its worker if there is no other way: nobody waits for it any more. */
  abort(): void;
  /** Takes the model out of memory; resolves when its memory has been given back. */
  unload(): Promise<void>;
}

export type BatchOutcome =
  | { readonly kind: "done"; readonly result: InferenceResult; readonly computeMs: number }
  /** The model refused or failed: the batch ran. */
  | { readonly kind: "failed"; readonly error: ServingError }
  /** The worker died while it ran this batch. */
  | { readonly kind: "crashed"; readonly error: ServingError }
  /** The worker died before it came to this batch: it can be run elsewhere. */
  | { readonly kind: "not-started" };
