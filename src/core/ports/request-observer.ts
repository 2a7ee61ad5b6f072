import type { ErrorCode } from "../../contracts/errors.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { CallTiming } from "../scheduling/inference-call.ts";

/** Told of every answered request; feeds the access log and the request metrics. Must be cheap. */
export interface RequestObserver {
  started(): void;
  ended(record: RequestRecord): void;
}

export interface RequestRecord {
  /** As `v2`. */
  readonly protocol: string;
  readonly method: string;
  /** Route template, never the raw path: paths are the caller's, templates are few. */
  readonly route: string;
  readonly status: number;
  readonly code: ErrorCode | null;
  /** Null where no model was found. */
  readonly model: ModelVersion | null;
  /** The version that the caller named; null for none. */
  readonly requestedVersion: string | null;
  readonly requestId: string | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly timing: CallTiming | null;
  readonly totalMs: number;
  /** What went wrong, where something did. */
  readonly error: Error | null;
}
