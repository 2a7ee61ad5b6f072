import type { Tally } from "../../contracts/control/measurements.ts";
import type { Clock } from "../ports/clock.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

/** A minute is kept in slices: what is older falls out slice by slice. */
const sliceMs = 5_000;
const slices = 12;

/** Answers of this status and above are errors. */
const smallestErrorStatus = 500;

class Count {
  requests = 0;
  errors = 0;
  readonly latencies = new LatencyHistogram();

  add(isError: boolean, totalMs: number | null): void {
    this.requests += 1;
    if (isError) this.errors += 1;
    if (totalMs !== null) this.latencies.add(totalMs);
  }

  addAll(other: Count): void {
    this.requests += other.requests;
    this.errors += other.errors;
    this.latencies.addAll(other.latencies);
  }

  clear(): void {
    this.requests = 0;
    this.errors = 0;
    this.latencies.clear();
  }

  tally(): Tally {
    const { requests, errors, latencies } = this;
    return {
      requests,
      errors,
      p50_ms: latencies.quantile(0.5),
      p95_ms: latencies.quantile(0.95),
      p99_ms: latencies.quantile(0.99),
    };
  }
}

interface Slice {
  /** Number of this slice since the clock began; -1 before its first use. */
  number: number;
  readonly count: Count;
}

/** What a deployment did: all of it, and in the last minute. */
export class CallTally {
  readonly #clock: Clock;
  readonly #total = new Count();
  readonly #slices: readonly Slice[] = Array.from({ length: slices }, () => ({
    number: -1,
    count: new Count(),
  }));

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  answered(status: number, totalMs: number): void {
    this.#add(status >= smallestErrorStatus, totalMs);
  }

  /** A call that got no place: an error, and without a latency, which would be the best of all. */
  refused(): void {
    this.#add(true, null);
  }

  total(): Tally {
    return this.#total.tally();
  }

  lastMinute(): Tally {
    const newest = this.#sliceNumber();
    const minute = new Count();
    for (const { number, count } of this.#slices) {
      if (number >= 0 && number > newest - slices) minute.addAll(count);
    }
    return minute.tally();
  }

  #add(isError: boolean, totalMs: number | null): void {
    this.#total.add(isError, totalMs);
    const number = this.#sliceNumber();
    const slice = this.#slices[number % slices];
    if (slice === undefined) return;
    if (slice.number !== number) {
      slice.number = number;
      slice.count.clear();
    }
    slice.count.add(isError, totalMs);
  }

  #sliceNumber(): number {
    return Math.floor(this.#clock.now() / sliceMs);
  }
}
