import type { Comparison } from "../../contracts/control/measurements.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import type { RolloutSpec } from "../../contracts/control/rollout.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { unknownDeployment } from "../not-found.ts";
import type { DeploymentRecord } from "../records.ts";
import type { Shares } from "./shares.ts";

export interface RolloutStart {
  readonly endpoint: EndpointName;
  readonly spec: RolloutSpec;
  readonly traffic: Shares;
  /** Of the deployment that gets copies now. */
  readonly comparison: Comparison | null;
  readonly deployments: readonly DeploymentRecord[];
}

/** @throws ServingError INVALID_REQUEST, DEPLOYMENT_NOT_FOUND, or CONFLICT for a rollout that cannot begin as things are */
export function checkStart(start: RolloutStart): void {
  checkSteps(start.spec);
  checkDeployment(start);
  checkTraffic(start);
  checkMirror(start);
}

function checkSteps({ steps }: RolloutSpec): void {
  const isRising = steps.every((percent, index) => index === 0 || percent > (steps[index - 1] ?? 0));
  if (isRising && steps.at(-1) === 100) return;
  throw ServingError.invalidField("steps", "rising percents, the last one 100", steps.join(", "));
}

function checkDeployment({ endpoint, spec: { to }, deployments }: RolloutStart): void {
  const names = deployments.map(({ spec }) => spec.name);
  const target = deployments.find(({ spec }) => spec.name === to);
  if (target === undefined) throw unknownDeployment(endpoint, to, names);
  if (target.state === "Succeeded") return;
  throw new ServingError(
    "CONFLICT",
    `The deployment ${to} is not ready for traffic: it is ${target.state}.`,
    {
      hint: "Wait until its provisioning_state is Succeeded.",
    },
  );
}

function checkTraffic({ endpoint, spec: { to }, traffic }: RolloutStart): void {
  const others = Object.entries(traffic).filter(([name, share]) => name !== to && share > 0);
  if (others.length > 0) return;
  const has = (traffic[to] ?? 0) > 0 ? `${to} has all of it already` : "no deployment has any";
  throw new ServingError("CONFLICT", `There is no traffic of ${endpoint} to move: ${has}.`, {
    hint: `Give it to ${to} directly, as: hostler ml online-endpoint update -n ${endpoint} --traffic "${to}=100".`,
  });
}

/** A limit for mirrored answers is judged before the first step: from then on the deployment gets live calls, and no copies. */
function checkMirror({ spec: { to, guard_rails: rails }, comparison }: RolloutStart): void {
  const limit = rails.max_mirror_disagreement_percent;
  if (limit === null) return;
  const compared = comparison?.deployment === to ? comparison.compared : 0;
  if (compared < rails.min_requests) {
    const message = `${String(compared)} mirrored answers of ${to} have been compared, and ${String(rails.min_requests)} are needed.`;
    throw new ServingError("CONFLICT", message, {
      field: "guard_rails.max_mirror_disagreement_percent",
      hint: `Give ${to} mirror traffic for a while first, or leave the limit out.`,
    });
  }
  const percent = (100 * (comparison?.disagreed ?? 0)) / compared;
  if (percent <= limit) return;
  const shown = String(Math.round(percent * 100) / 100);
  throw new ServingError(
    "CONFLICT",
    `${shown} % of the mirrored answers of ${to} differ from the live ones: the limit is ${String(limit)} %.`,
    { field: "guard_rails.max_mirror_disagreement_percent", hint: "Look at the examples of the comparison." },
  );
}
