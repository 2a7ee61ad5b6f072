import type { Backend } from "../ports/backend.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Lease, LeaseEnd } from "../ports/endpoint-directory.ts";
import type { PreparedDeployment } from "../ports/instance-launcher.ts";

/** An instance that could not be reached gets no call for so long: it may be gone, and its end not be known yet. */
const suspensionMs = 250;

/** How calls are given to an instance. */
export type InstanceTraits = Pick<PreparedDeployment, "parallelCalls" | "routes">;

/** What a pool wants to know of its members. */
export interface MemberEvents {
  /** There may be a place again. */
  readonly freed: () => void;
  /** How long a place was held. */
  readonly served: (ms: number) => void;
}

/** One instance of a deployment, as its pool sees it. */
export class Member {
  readonly backend: Backend;
  readonly #traits: InstanceTraits;
  readonly #clock: Clock;
  readonly #events: MemberEvents;
  readonly #waitingForIdle = new Set<() => void>();
  #inFlight = 0;
  #isReady = true;
  #isDraining = false;
  #suspension: Timer | null = null;

  constructor(backend: Backend, traits: InstanceTraits, clock: Clock, events: MemberEvents) {
    this.backend = backend;
    this.#traits = traits;
    this.#clock = clock;
    this.#events = events;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether it takes calls at all. */
  get isOpen(): boolean {
    return this.#isReady && !this.#isDraining && this.#suspension === null;
  }

  /** Calls that it works on at once, at most. */
  places(maxConcurrent: number | null): number {
    return Math.min(this.#traits.parallelCalls ?? Infinity, maxConcurrent ?? Infinity);
  }

  setReady(isReady: boolean): void {
    this.#isReady = isReady;
    if (isReady) this.#resume();
  }

  take(onReleased: () => void): Lease {
    this.#inFlight += 1;
    const startedAt = this.#clock.now();
    let isReleased = false;
    return {
      backend: this.backend,
      routes: this.#traits.routes,
      release: (end: LeaseEnd = "served") => {
        if (isReleased) return;
        isReleased = true;
        onReleased();
        this.#released(end, startedAt);
      },
    };
  }

  /** Takes no further calls; resolves when the last one has ended, or after that time. */
  drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#endSuspension();
    if (this.#inFlight === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => {
      timer.cancel();
      this.#waitingForIdle.delete(finish);
      resolve(undefined);
    };
    const timer = this.#clock.schedule(timeoutMs, finish);
    this.#waitingForIdle.add(finish);
    return promise;
  }

  #released(end: LeaseEnd, startedAt: number): void {
    this.#inFlight -= 1;
    if (end === "unreachable") this.#suspend();
    else this.#events.served(this.#clock.now() - startedAt);
    if (this.#inFlight === 0) for (const finish of [...this.#waitingForIdle]) finish();
    this.#events.freed();
  }

  #suspend(): void {
    if (this.#isDraining) return;
    this.#suspension ??= this.#clock.schedule(suspensionMs, () => {
      this.#resume();
    });
  }

  #resume(): void {
    this.#endSuspension();
    this.#events.freed();
  }

  #endSuspension(): void {
    this.#suspension?.cancel();
    this.#suspension = null;
  }
}
