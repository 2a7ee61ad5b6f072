import type { Clock } from "../ports/clock.ts";

/** A wait that can be cut short. */
export class Pause {
  readonly #clock: Clock;
  #end: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after that time, or when it is ended. */
  for(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => {
      timer.cancel();
      this.#end = null;
      resolve(undefined);
    };
    const timer = this.#clock.schedule(ms, finish);
    this.#end = finish;
    return promise;
  }

  end(): void {
    this.#end?.();
  }
}
