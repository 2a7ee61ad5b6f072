import type { Clock, Timer } from "../ports/clock.ts";
import type { PendingInvoke } from "./pending-invoke.ts";

export interface CallLineOptions {
  readonly clock: Clock;
  /** Calls that wait, at most. */
  readonly limit: number;
  readonly maxWaitMs: number;
  /** Told of a call that has waited too long, when it has left the line. */
  readonly expired: (call: PendingInvoke) => void;
}

/**
 * Calls that wait for a worker, first come first served, each for so long at most. All may wait equally long, so that the
 * first is always the next to expire: one timer is enough, and it is left to run when the first call leaves.
 */
export class CallLine {
  readonly #options: CallLineOptions;
  /** Those before {@link #first} have left; they are cut off now and then. */
  #calls: PendingInvoke[] = [];
  #first = 0;
  #timer: Timer | null = null;

  constructor(options: CallLineOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#calls.length - this.#first;
  }

  get isFull(): boolean {
    if (this.length < this.#options.limit) return false;
    // Those whose callers have left make room.
    this.#calls = this.#calls.slice(this.#first).filter(({ isSettled }) => !isSettled);
    this.#first = 0;
    return this.length >= this.#options.limit;
  }

  /** When the call came that waits longest; null where none does. */
  get oldestAt(): number | null {
    this.#skipSettled();
    return this.#calls[this.#first]?.arrivedAt ?? null;
  }

  join(call: PendingInvoke): void {
    this.#calls.push(call);
    this.#timer ??= this.#expireAt(call.arrivedAt + this.#options.maxWaitMs);
  }

  /** Calls that come back, in their order, before all others: they came before them. */
  rejoin(calls: readonly PendingInvoke[]): void {
    this.#calls = [...calls, ...this.#calls.slice(this.#first)];
    this.#first = 0;
    this.#timer?.cancel();
    this.#timer = null;
    this.#expire();
  }

  /** Up to so many calls, in their order; those whose callers have left are dropped. */
  take(most: number): readonly PendingInvoke[] {
    const taken: PendingInvoke[] = [];
    while (taken.length < most) {
      const call = this.#shift();
      if (call === undefined) break;
      if (!call.isSettled) taken.push(call);
    }
    return taken;
  }

  /** Ends the waiting of all; the line can be used again. */
  empty(): readonly PendingInvoke[] {
    this.#timer?.cancel();
    this.#timer = null;
    return this.take(Infinity);
  }

  #shift(): PendingInvoke | undefined {
    const call = this.#calls[this.#first];
    if (call === undefined) return undefined;
    this.#first += 1;
    // A line that always has somebody in it is never empty: those who have left are cut off when they are half of it.
    if (this.#first * 2 >= this.#calls.length) {
      this.#calls = this.#calls.slice(this.#first);
      this.#first = 0;
    }
    return call;
  }

  #skipSettled(): void {
    while (this.#calls[this.#first]?.isSettled === true) this.#shift();
  }

  #expireAt(at: number): Timer {
    const { clock } = this.#options;
    return clock.schedule(at - clock.now(), () => {
      this.#expire();
    });
  }

  #expire(): void {
    const { clock, maxWaitMs, expired } = this.#options;
    this.#timer = null;
    for (;;) {
      const oldestAt = this.oldestAt;
      if (oldestAt === null) return;
      if (oldestAt + maxWaitMs > clock.now()) {
        this.#timer = this.#expireAt(oldestAt + maxWaitMs);
        return;
      }
      const call = this.#shift();
      if (call !== undefined) expired(call);
    }
  }
}
