import type { TensorSignature } from "../tensors/tensor.ts";

/** What a runtime learnt by loading a model. */
export interface ModelDescription {
  /** As `scikit-learn 1.9.1`. */
  readonly framework: string;
  readonly modelClass: string;
  /** Null where the artifact does not tell. */
  readonly inputs: readonly TensorSignature[] | null;
  readonly outputs: readonly string[];
  readonly defaultOutput: string;
  /** Whether rows do not depend on each other, so that calls may be merged. */
  readonly rowWise: boolean;
  /** Private bytes that the load added to its process: an estimate where models share a worker. */
  readonly memoryBytes: number;
  readonly loadMs: number;
}
