import type { ModelVersion } from "../models/model-version.ts";

/** What the core counts; requests are counted by RequestObserver. Implementations must be cheap enough to be called for every request. */
export interface Meter {
  /** A batch came back: how many calls and rows it held, and how long the runtime took. */
  batchEnded(model: ModelVersion, batch: BatchMeasurement): void;
  loadEnded(model: ModelVersion, load: LoadMeasurement): void;
  evicted(model: ModelVersion, reason: string): void;
}

export interface BatchMeasurement {
  readonly calls: number;
  readonly rows: number;
  readonly computeMs: number;
}

export interface LoadMeasurement {
  readonly ok: boolean;
  readonly loadMs: number;
  /** Whether a caller was waiting for it. */
  readonly cold: boolean;
}
