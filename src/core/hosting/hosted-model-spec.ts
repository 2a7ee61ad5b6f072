import type { Json } from "../../contracts/parameters.ts";
import type { ModelSpec } from "../models/model-spec.ts";

/** A model that somebody wants hosted: where it lies and how it runs. */
export interface HostedModelSpec {
  readonly name: string;
  /** Null for a model that has no version. */
  readonly version: string | null;
  /** As the caller wrote it; shown again. */
  readonly url: string;
  /** Absolute path of the folder with the model's files. */
  readonly folder: string;
  readonly manifest: Json | null;
  /** Size of the model's files: the first guess of the memory that a worker needs. */
  readonly bytes: number;
  /** As `python`, shown again. */
  readonly runtime: string;
  /** As `MXNet`, shown again; null where nothing names one. */
  readonly engine: string | null;
  readonly runs: HowItRuns;
  /** Called once when the model is gone, or could not be loaded: gives back what was unpacked for it. */
  readonly release?: () => Promise<void>;
}

export type HowItRuns =
  | {
      readonly kind: "handler";
      /** As MMS writes it: `file.py:function`, `module:function`, `module`. */
      readonly handler: string;
      readonly interpreter: string;
      /** Whether JSON and text bodies are decoded before the handler sees them. */
      readonly decodesInput: boolean;
      readonly variables: Readonly<Record<string, string>>;
      readonly hiddenVariables?: readonly string[];
    }
  /** One of our own runtimes. */
  | { readonly kind: "built-in"; readonly spec: ModelSpec };

export interface RegisterOptions {
  readonly minWorkers: number;
  /** At least {@link minWorkers}. */
  readonly maxWorkers: number;
  /** Calls that the handler gets at once, at most. */
  readonly batchSize: number;
  /** How long a batch that is not full waits for more calls. */
  readonly maxBatchDelayMs: number;
  /** How long a call may wait, and a batch run. */
  readonly responseTimeoutMs: number;
  /** How long a worker may load; left out: as long as the host gives every model. */
  readonly startupTimeoutMs?: number | undefined;
  /** Whether {@link ModelHost.register} resolves when the workers are ready, or at once. */
  readonly synchronous: boolean;
  /** Whether it is one of those that the server was started with. */
  readonly loadedAtStartup: boolean;
}

/** `registered`: without workers. `scaling`: they come up in the background. */
export type RegisterOutcome = "registered" | "scaled" | "scaling";

export interface ScaleOptions {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  readonly synchronous: boolean;
}

/** `partial`: fewer than `minWorkers` run, since some of those that were there have been lost; they are replaced. */
export type ScaleOutcome = "scaled" | "scaling" | "partial";

export interface HostedModelSummary {
  readonly name: string;
  readonly version: string | null;
  readonly url: string;
  /** Whether it is the one that calls without a version go to. */
  readonly isDefault: boolean;
}

export interface HostedModelDescription extends HostedModelSummary {
  readonly manifest: Json | null;
  readonly runtime: string;
  readonly engine: string | null;
  readonly minWorkers: number;
  readonly maxWorkers: number;
  readonly batchSize: number;
  readonly maxBatchDelayMs: number;
  readonly responseTimeoutMs: number;
  readonly loadedAtStartup: boolean;
  /** Calls that wait. */
  readonly queueLength: number;
  readonly workers: readonly WorkerDescription[];
}

export interface WorkerDescription {
  /** As `9000-00001f3a`; never used twice. */
  readonly id: string;
  /** Milliseconds of the epoch; 0 for one that has not started yet. */
  readonly startedAt: number;
  readonly status: "READY" | "LOADING" | "UNLOADING";
  readonly gpuId: number | null;
  readonly memoryBytes: number;
}

/** A page of the list, sorted by name. */
export interface ModelPage {
  readonly models: readonly HostedModelSummary[];
  /** Where the next page begins; null: nowhere. */
  readonly nextToken: number | null;
}

/**
 * How the models do: `unhealthy` where models want workers and none runs, `partial` where fewer run than are wanted. A
 * model that is being loaded for the first time counts only if the server was started with it.
 */
export type HostHealth = "healthy" | "partial" | "unhealthy";
