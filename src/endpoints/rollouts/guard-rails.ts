import type { GuardRails } from "../../contracts/control/rollout.ts";

/** Calls that were answered over some time. */
export interface Counts {
  readonly requests: number;
  readonly errors: number;
}

/** How one side did. */
export interface Performance extends Counts {
  /** Null where nothing was answered lately. */
  readonly p99Ms: number | null;
}

/** Which limit the new deployment breaks, with both figures; null where it keeps them all. */
export function breachOf(rails: GuardRails, fresh: Performance, live: Performance): string | null {
  if (fresh.requests < rails.min_requests) return null;
  return errorBreach(rails, fresh, live) ?? latencyBreach(rails, fresh, live);
}

function errorBreach(
  { max_error_rate_increase_percent: limit }: GuardRails,
  fresh: Counts,
  live: Counts,
): string | null {
  if (limit === null) return null;
  const [now, before] = [errorPercent(fresh), errorPercent(live)];
  if (now - before <= limit) return null;
  return `${shown(now)} % of its calls failed, and ${shown(before)} % of the live deployment's: the limit is ${shown(limit)} % more`;
}

function latencyBreach(
  { max_p99_ratio: limit }: GuardRails,
  { p99Ms: now }: Performance,
  { p99Ms: before }: Performance,
): string | null {
  if (limit === null || now === null || before === null || before <= 0 || now / before <= limit) return null;
  return `its p99 is ${shown(now)} ms, the live deployment's ${shown(before)} ms: the limit is ${shown(limit)} times as much`;
}

function errorPercent({ requests, errors }: Counts): number {
  return requests === 0 ? 0 : (100 * errors) / requests;
}

function shown(value: number): string {
  return String(Math.round(value * 100) / 100);
}
