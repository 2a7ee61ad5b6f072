import type { Clock, Timer } from "../ports/clock.ts";

interface VirtualTimer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Timers fired in one {@link VirtualClock.runOut} before it is certain that they breed. */
const mostFirings = 1_000_000;

/**
 * Time that passes when the test says so, and promises that have settled before it goes on: after `settle`, `advance`
 * and `runOut` nothing is under way that does not wait for a timer. The same test does the same things in the same
 * order, always.
 */
export class VirtualClock implements Clock {
  #now = 0;
  /** In the order they were made; that is the order of those that are due together. */
  readonly #timers = new Set<VirtualTimer>();
  #deferred: (() => void)[] = [];

  /** Timers that would still fire. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer: VirtualTimer = { dueAt: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Lets everything happen that can happen now. */
  async settle(): Promise<void> {
    for (;;) {
      // Node.js has emptied the microtask queue when the next turn of its loop begins.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#deferred.length === 0) return;
      const burst = this.#deferred;
      this.#deferred = [];
      for (const callback of burst) callback();
    }
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) await this.#fire(timer);
    this.#now = end;
  }

  /** Lets time pass until no timer is left. */
  async runOut(): Promise<void> {
    await this.settle();
    let firings = 0;
    for (let timer = this.#next(Infinity); timer !== undefined; timer = this.#next(Infinity)) {
      firings += 1;
      if (firings > mostFirings) throw new Error("Timers make timers without end.");
      await this.#fire(timer);
    }
  }

  /** Lets time pass until this promise has settled, and not longer; throws where it never does. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    const settled = new Set<unknown>();
    const settle = (): unknown => settled.add(promise);
    promise.then(settle, settle);
    await this.settle();
    while (!settled.has(promise)) {
      const timer = this.#next(Infinity);
      if (timer === undefined) throw new Error("No timer is left, and the promise has not settled.");
      await this.#fire(timer);
    }
    return promise;
  }

  async #fire(timer: VirtualTimer): Promise<void> {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.dueAt);
    timer.callback();
    await this.settle();
  }

  #next(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}
