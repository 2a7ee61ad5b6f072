import type { Clock } from "../../core/ports/clock.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import type { InferenceEngine } from "../../core/serving/inference-engine.ts";

/** What the V2 routes work with. */
export interface V2Context {
  readonly engine: InferenceEngine;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly serverName: string;
  readonly serverVersion: string;
  readonly extensions: readonly string[];
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly isGzipEnabled: boolean;
}
