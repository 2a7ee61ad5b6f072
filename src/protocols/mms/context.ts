import type { Registrar } from "../../core/hosting/registration.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";

/** What Multi Model Server's APIs work with. */
export interface MmsContext extends Registrar {
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** Bytes of a body, at most. */
  readonly maxRequestBytes: number;
  /** Bytes of what a handler may answer, at most. */
  readonly maxResponseBytes: number;
  /** Whose words are spoken where Multi Model Server and TorchServe, its successor, differ. */
  readonly profile: MmsProfile;
  /**
   * What a bare number in `?response_timeout=` counts. Multi Model Server documents seconds and counts minutes; those in
   * JSON bodies are seconds always.
   */
  readonly responseTimeoutUnit: "seconds" | "minutes";
}

export type MmsProfile = "mms" | "torchserve";
