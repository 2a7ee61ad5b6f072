import type { Rollout } from "../../contracts/control/rollout.ts";
import { formatFields } from "../table.ts";
import { trafficText } from "../traffic-text.ts";

/** A rollout for people: what it is doing, and what it would stop for. */
export function formatRollout(rollout: Rollout): string {
  const { to, state, started_at, ended_at, before, reason } = rollout;
  const fields: (readonly [string, string])[] = [
    ["Deployment", to],
    ["State", stateText(rollout)],
    ["Steps", stepsText(rollout)],
    ["Traffic before", trafficText(before)],
    ["Guard rails", railsText(rollout)],
    ["Started", started_at],
  ];
  if (ended_at !== null) fields.push(["Ended", ended_at]);
  if (reason !== null) fields.push([state === "rolled_back" ? "Rolled back" : "Reason", reason]);
  return formatFields(fields);
}

export function stateText({ state, step, steps }: Rollout): string {
  if (state !== "running") return state.replace("_", " ");
  return `running: step ${String(step + 1)} of ${String(steps.length)}, at ${String(steps[step] ?? 0)} %`;
}

function stepsText({ steps, step_seconds: seconds }: Rollout): string {
  return `${steps.map((step) => `${String(step)} %`).join(", ")}; ${String(seconds)} s each`;
}

function railsText({ guard_rails: rails }: Rollout): string {
  const { max_error_rate_increase_percent: errors, max_p99_ratio: ratio } = rails;
  const { max_mirror_disagreement_percent: disagreement, min_requests: least } = rails;
  const watched = [
    errors === null ? [] : [`errors at most ${String(errors)} % more`],
    ratio === null ? [] : [`p99 at most ${String(ratio)} times`],
    disagreement === null ? [] : [`mirrored answers differ at most in ${String(disagreement)} %`],
  ].flat();
  return watched.length === 0 ? "none" : `${watched.join("; ")}; from ${String(least)} calls on`;
}
