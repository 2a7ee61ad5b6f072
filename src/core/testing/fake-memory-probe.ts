import type { Clock } from "../ports/clock.ts";
import type { MemoryProbe } from "../ports/memory-probe.ts";

/** Adds up what somebody holds, after the time that reading /proc takes. */
export class FakeMemoryProbe implements MemoryProbe {
  readonly #clock: Clock;
  readonly #heldBytes: () => number;
  readonly #measureMs: number;
  measurements = 0;

  constructor(clock: Clock, heldBytes: () => number, measureMs = 0.5) {
    this.#clock = clock;
    this.#heldBytes = heldBytes;
    this.#measureMs = measureMs;
  }

  measure(): Promise<number> {
    this.measurements += 1;
    return new Promise((resolve) => {
      this.#clock.schedule(this.#measureMs, () => {
        resolve(this.#heldBytes());
      });
    });
  }
}
