/** What a model host counts. Implementations must be cheap enough to be called for every call. */
export interface HostMeter {
  callEnded(model: string, call: CallMeasurement): void;
  batchEnded(model: string, batch: { readonly calls: number; readonly runMs: number }): void;
  loadEnded(model: string, load: { readonly ok: boolean; readonly loadMs: number }): void;
  /** A worker ended unasked and is replaced; `reason` is one of a few words. */
  workerRestarted(model: string, reason: "died" | "overdue"): void;
  /** It is gone. */
  unloaded(model: string, unload: { readonly unloadMs: number }): void;
}

export interface CallMeasurement {
  readonly outcome: "answered" | "failed" | "refused";
  readonly queueMs: number;
  /** Null where it never ran. */
  readonly runMs: number | null;
}
