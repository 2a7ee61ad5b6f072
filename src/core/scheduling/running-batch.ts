import type { Clock, Timer } from "../ports/clock.ts";
import type { Instance } from "../ports/runtime.ts";

/** A blocking worker that computes for nobody may hold up others for this long. */
const abandonedGraceMs = 10_000;

/** A batch under way. Once all of its callers have gone and others wait for its worker, it is ended. */
export class RunningBatch {
  readonly #clock: Clock;
  readonly #instance: Instance;
  #callers: number;
  #timer: Timer | null = null;

  constructor(clock: Clock, instance: Instance, callers: number) {
    this.#clock = clock;
    this.#instance = instance;
    this.#callers = callers;
  }

  callerGone(): void {
    this.#callers -= 1;
    if (this.#callers === 0) this.#watch();
  }

  finished(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #watch(): void {
    this.#timer = this.#clock.schedule(abandonedGraceMs, () => {
      const { lane } = this.#instance;
      // Ending the worker ends what it computes: while that is somebody else's, this one has to wait.
      if (lane.isWanted && lane.computes(this)) this.#instance.abort();
      else this.#watch();
    });
  }
}
