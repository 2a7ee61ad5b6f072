const firstDelayMs = 100;
const longestDelayMs = 10_000;

/** Waiting times between attempts: 100 ms, doubling up to 10 s. */
export class BackOff {
  #failures = 0;

  /** How long to wait now, in milliseconds. */
  next(): number {
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return delayMs;
  }

  reset(): void {
    this.#failures = 0;
  }
}
