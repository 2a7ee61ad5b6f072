import type { Clock } from "../../core/ports/clock.ts";

/** Callers that wait for something to change, each for as long as it likes. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it has changed, or after that time. */
  wait(what: string, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const all = this.#waiting.get(what) ?? new Set();
    this.#waiting.set(what, all);
    const go = (): void => {
      timer.cancel();
      all.delete(go);
      resolve(undefined);
    };
    const timer = this.#clock.schedule(ms, go);
    all.add(go);
    return promise;
  }

  tell(what: string): void {
    const all = this.#waiting.get(what);
    this.#waiting.delete(what);
    for (const go of [...(all ?? [])]) go();
  }

  /** Everybody goes on. */
  stop(): void {
    for (const what of [...this.#waiting.keys()]) this.tell(what);
  }
}
