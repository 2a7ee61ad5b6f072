import type { Clock } from "../ports/clock.ts";

/** Something with calls for a lane: a model's queue. */
export interface Dispatcher {
  readonly hasWork: boolean;
  /**
   * Sends one batch to the lane's instance and calls {@link Lane.finished} when it is back; false when there is
   * nothing that could be sent now.
   */
  dispatch(lane: Lane): boolean;
}

/**
 * One worker, as the scheduler sees it: a few batches under way at once, models taking turns.
 *
 * While it is full, calls gather in their queues; when a batch comes back, what has gathered goes as the next one. So
 * batches grow exactly as fast as the worker is slow, and a lone call never waits for company.
 */
export class Lane {
  readonly #clock: Clock;
  readonly #window: number;
  readonly #dispatchers = new Set<Dispatcher>();
  /** Batches in the worker, in the order they were sent: it computes the first. */
  readonly #inside = new Set<object>();
  #turns: Dispatcher[] = [];
  #underWay = 0;
  #isSuspended = false;
  #isPumpDeferred = false;

  /**
   * @param window batches under way at once: 1 is what the worker computes, a second one waits in its socket so that
   *   it never idles between two
   */
  constructor(clock: Clock, window: number) {
    this.#clock = clock;
    this.#window = window;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Whether anything waits behind what is running. */
  get isWanted(): boolean {
    return this.#underWay > 1 || this.#turns.some((dispatcher) => dispatcher.hasWork);
  }

  attach(dispatcher: Dispatcher): void {
    this.#dispatchers.add(dispatcher);
    this.request(dispatcher);
  }

  detach(dispatcher: Dispatcher): void {
    this.#dispatchers.delete(dispatcher);
    this.#turns = this.#turns.filter((waiting) => waiting !== dispatcher);
  }

  /** Says that a dispatcher has work. Calls that arrive in one burst of events leave in one batch. */
  request(dispatcher: Dispatcher): void {
    if (!this.#turns.includes(dispatcher)) this.#turns.push(dispatcher);
    if (this.#isPumpDeferred || this.#underWay >= this.#window || this.#isSuspended) return;
    this.#isPumpDeferred = true;
    this.#clock.defer(() => {
      this.#isPumpDeferred = false;
      this.#pump();
    });
  }

  sent(batch: object): void {
    this.#inside.add(batch);
  }

  /** Whether this is the batch that the worker computes; others wait in its socket. */
  computes(batch: object): boolean {
    const [first] = this.#inside;
    return first === batch;
  }

  /** A batch is back (or lost): the next one goes at once, before anybody encodes an answer. */
  finished(batch: object): void {
    this.#inside.delete(batch);
    this.#underWay -= 1;
    this.#pump();
  }

  /** The worker is gone: nothing is sent until {@link resume}. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    for (const dispatcher of this.#dispatchers) if (dispatcher.hasWork) this.request(dispatcher);
  }

  #pump(): void {
    let refusals = 0;
    while (this.#underWay < this.#window && !this.#isSuspended && refusals < this.#turns.length) {
      const dispatcher = this.#turns.shift();
      if (dispatcher === undefined) return;
      this.#underWay += 1;
      const wasSent = dispatcher.dispatch(this);
      if (!wasSent) this.#underWay -= 1;
      // Whoever has nothing left leaves; once all that stay have refused in a row, nothing can be sent now.
      refusals = wasSent ? 0 : refusals;
      if (!dispatcher.hasWork) continue;
      this.#turns.push(dispatcher);
      if (!wasSent) refusals += 1;
    }
  }
}
