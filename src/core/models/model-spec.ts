import type { ModelName, ModelVersionName } from "../../contracts/identifiers.ts";
import type { Json, Parameters } from "../../contracts/parameters.ts";
import type { TensorSignature } from "../tensors/tensor.ts";

/** Which built-in code runs a model. */
export type RuntimeName = "sklearn" | "xgboost";

/** What a repository reader found out about one version of a model. Plain data; nothing is loaded yet. */
export interface ModelSpec {
  readonly name: ModelName;
  /** Null for a model that has no version. */
  readonly version: ModelVersionName | null;
  readonly runtime: RuntimeName;
  /** Absolute path of the file or folder to load. */
  readonly artifact: string;
  /** Its size on disk. */
  readonly artifactBytes: number;
  /** Absolute path of the folder that the settings lie in. */
  readonly folder: string;
  /** `file` that described the model, for messages. */
  readonly origin: string;
  /** Python interpreter that the model asks for; null for the server's own. */
  readonly interpreter: string | null;
  readonly batching: BatchingSettings;
  readonly pinned: boolean;
  /** Runtime-specific settings (`parameters.extra`). */
  readonly extra: Readonly<Record<string, Json>>;
  readonly metadata: ModelMetadata;
}

/** What V2 metadata repeats of the settings. */
export interface ModelMetadata {
  readonly platform: string;
  readonly versions: readonly string[];
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly parameters: Parameters;
}

export interface TensorMetadata extends TensorSignature {
  readonly parameters?: Parameters;
}

export interface BatchingSettings {
  /** Calls per batch that the settings declare; 0 or 1 = not declared. */
  readonly maxCalls: number;
  /** How long a declared batch may wait for more calls. */
  readonly maxWaitMs: number;
}

/** `name` or `name@version`, for messages. */
export function labelOf(spec: Pick<ModelSpec, "name" | "version">): string {
  return spec.version === null ? spec.name : `${spec.name}@${spec.version}`;
}
