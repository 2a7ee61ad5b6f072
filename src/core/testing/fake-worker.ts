import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { BatchOutcome } from "../ports/runtime.ts";
import { Lane } from "../scheduling/lane.ts";

/** One batch, as a worker meets it. */
export interface FakeWork {
  readonly computeMs: number;
  /** What comes of it, or that it takes the worker with it. */
  readonly finish: () => Exclude<BatchOutcome, { kind: "crashed" | "not-started" }> | "crash";
}

interface Job {
  readonly work: FakeWork;
  readonly resolve: (outcome: BatchOutcome) => void;
}

export interface FakeWorkerOptions {
  readonly clock: Clock;
  /** Batches under way at once; 2 by default, as with real workers. */
  readonly window?: number;
  /** How long a crashed worker stays away; 10 ms by default. */
  readonly restartMs?: number;
}

/** A worker process on the test's clock: one batch after the other, and it can die of one. */
export class FakeWorker {
  readonly lane: Lane;
  readonly #clock: Clock;
  readonly #restartMs: number;
  #jobs: Job[] = [];
  #current: Timer | null = null;
  #isUp = true;

  constructor({ clock, window = 2, restartMs = 10 }: FakeWorkerOptions) {
    this.#clock = clock;
    this.#restartMs = restartMs;
    this.lane = new Lane(clock, window);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  run(work: FakeWork): Promise<BatchOutcome> {
    if (!this.#isUp) return Promise.resolve({ kind: "not-started" });
    return new Promise((resolve) => {
      this.#jobs.push({ work, resolve });
      if (this.#jobs.length === 1) this.#begin();
    });
  }

  /** Dies now; comes back after its time. What it was computing is lost, what waited behind it was not begun. */
  crash(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#current?.cancel();
    const lost = this.#jobs;
    this.#jobs = [];
    const error = new ServingError("WORKER_DIED", "The worker process ended during the call.");
    for (const [index, { resolve }] of lost.entries()) {
      resolve(index === 0 ? { kind: "crashed", error } : { kind: "not-started" });
    }
    this.lane.suspend();
    this.#clock.schedule(this.#restartMs, () => {
      this.#isUp = true;
      this.lane.resume();
    });
  }

  #begin(): void {
    const [job] = this.#jobs;
    if (job === undefined) return;
    this.#current = this.#clock.schedule(job.work.computeMs, () => {
      const outcome = job.work.finish();
      if (outcome === "crash") {
        this.crash();
        return;
      }
      this.#jobs.shift();
      this.#begin();
      job.resolve(outcome);
    });
  }
}
