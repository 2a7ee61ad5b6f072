import type { ErrorCode } from "../../contracts/errors.ts";
import type { ModelVersion } from "../models/model-version.ts";

/** What the core counts. Implementations must be cheap enough to be called for every request. */
export interface Meter {
  /** A call ended; times in milliseconds. `code` is undefined when it succeeded. */
  callEnded(model: ModelVersion, call: CallMeasurement): void;
  /** A batch came back: how many calls and rows it held, and how long the runtime took. */
  batchEnded(model: ModelVersion, batch: BatchMeasurement): void;
  loadEnded(model: ModelVersion, load: LoadMeasurement): void;
  evicted(model: ModelVersion, reason: string): void;
}

export interface CallMeasurement {
  readonly code: ErrorCode | undefined;
  readonly queueMs: number;
  readonly computeMs: number;
  readonly totalMs: number;
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
