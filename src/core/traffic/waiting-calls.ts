import type { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Admission, Lease } from "../ports/endpoint-directory.ts";

interface Waiter {
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: ServingError) => void;
  timer: Timer | null;
  lease: Lease | null;
}

/** Calls that wait for a place, in the order they came. */
export class WaitingCalls {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /** @param late what a call is told that has waited for `maxWaitMs`; null lets it wait for as long as it likes */
  join(maxWaitMs: number | null, late: () => ServingError): Extract<Admission, { kind: "waiting" }> {
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    // Whoever abandons it does not listen any more.
    promise.catch(() => undefined);
    const waiter: Waiter = { resolve, reject, timer: null, lease: null };
    this.#waiters.add(waiter);
    if (maxWaitMs !== null) {
      waiter.timer = this.#clock.schedule(maxWaitMs, () => {
        this.#waiters.delete(waiter);
        reject(late());
      });
    }
    const abandon = (): void => {
      this.#leave(waiter);
      waiter.lease?.release();
    };
    return { kind: "waiting", lease: promise, abandon };
  }

  /** Gives a place to the one who came first; there has to be one. */
  give(lease: Lease): void {
    const [first] = this.#waiters;
    if (first === undefined) {
      lease.release();
      return;
    }
    this.#leave(first);
    first.lease = lease;
    first.resolve(lease);
  }

  refuseAll(error: ServingError): void {
    for (const waiter of [...this.#waiters]) {
      this.#leave(waiter);
      waiter.reject(error);
    }
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.timer?.cancel();
  }
}
