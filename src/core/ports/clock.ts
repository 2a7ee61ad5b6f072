/** Time as the core sees it. The real one is `performance.now` and timers; tests use a virtual one. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  now(): number;
  /** Calls back once, `delayMs` from now; the handle takes it back. */
  schedule(delayMs: number, callback: () => void): Timer;
  /** Calls back once the burst of events that is being handled has passed, before any timer. */
  defer(callback: () => void): void;
}

export interface Timer {
  cancel(): void;
}
