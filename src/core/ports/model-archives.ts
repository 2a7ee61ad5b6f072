import type { Json } from "../../contracts/parameters.ts";
import type { ModelSpec } from "../models/model-spec.ts";

/** Finds the models that a management API is told to load: archives and folders, by what its caller wrote as a URL. */
export interface ModelArchives {
  /**
   * Rejects with a ServingError whose message goes to the caller: MODEL_NOT_FOUND (`Model not found in model store: …`,
   * `Relative path is not allowed in url: …`), UNREACHABLE (`Failed to download model from: …`), INVALID_DOCUMENT for an
   * archive or manifest that is wrong, FORBIDDEN for a download that the settings do not allow.
   */
  resolve(url: string): Promise<ArchivedModel>;
}

/** A model as its archive tells of it; null wherever it says nothing. */
export interface ArchivedModel {
  /** Absolute path of the folder with the model's files. */
  readonly folder: string;
  /** As it was read; handed to the handler. */
  readonly manifest: Json | null;
  readonly modelName: string | null;
  readonly modelVersion: string | null;
  readonly handler: string | null;
  /** `python`, `python2` or `python3`. */
  readonly runtime: string | null;
  readonly engine: string | null;
  /** Size of the model's files. */
  readonly bytes: number;
  /** Set where the files are a model of one of our own runtimes, and no handler is named. */
  readonly builtIn: ModelSpec | null;
  /** What the archive asks for itself (TorchServe's `model-config.yaml`). */
  readonly settings: ArchivedSettings;
  /** Gives back what was unpacked for this model; a folder that somebody named stays. Never rejects. */
  release(): Promise<void>;
}

export interface ArchivedSettings {
  readonly minWorkers?: number;
  readonly maxWorkers?: number;
  readonly batchSize?: number;
  readonly maxBatchDelayMs?: number;
  readonly responseTimeoutMs?: number;
  readonly startupTimeoutMs?: number;
}
