import type { Tally } from "../../contracts/control/measurements.ts";
import type { Counts, Performance } from "./guard-rails.ts";

/** Totals of one side, as they are now. */
export interface Totals extends Counts {
  readonly p99Ms: number | null;
}

/** What both sides have done so far. */
export interface Sample {
  readonly at: number;
  readonly fresh: Totals;
  readonly live: Totals;
}

export interface PoolMetrics {
  readonly total: Tally;
  readonly lastMinute: Tally;
}

/** Several deployments taken as one; the p99 is the worst of theirs. */
export function totalsOf(pools: readonly PoolMetrics[]): Totals {
  const p99s = pools.flatMap(({ lastMinute }) => (lastMinute.p99_ms === null ? [] : [lastMinute.p99_ms]));
  return {
    requests: pools.reduce((sum, { total }) => sum + total.requests, 0),
    errors: pools.reduce((sum, { total }) => sum + total.errors, 0),
    p99Ms: p99s.length === 0 ? null : Math.max(...p99s),
  };
}

/** What happened between two samples. */
export function between(from: Totals, to: Totals): Performance {
  return { requests: to.requests - from.requests, errors: to.errors - from.errors, p99Ms: to.p99Ms };
}
