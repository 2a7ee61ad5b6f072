import { setTimeout as pass } from "node:timers/promises";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Backend } from "../../core/ports/backend.ts";
import type { InstanceEnd } from "../../core/ports/instance-launcher.ts";

/** What a pipeline is made of, as it was asked for. */
export interface StageSpec {
  /** How calls and messages name it; a container's hostname. */
  readonly name: string;
  readonly runs: StageTarget;
}

type StageTarget =
  /** A server that runs already; without a path its `/invocations` is called. */
  | { readonly kind: "server"; readonly url: URL }
  | { readonly kind: "container"; readonly image: string; readonly model: string | null };

/** One of them, running. */
export interface Stage {
  readonly name: string;
  readonly backend: Backend;
  /** Path and query of its invocations. */
  readonly target: string;
  /** Where it is, for people. */
  readonly where: string;
  /** Resolves when a container has ended; null for a server that is not ours. */
  readonly ended: Promise<InstanceEnd> | null;
  stop(graceMs: number): Promise<void>;
}

/** Polls of a container that comes up are so far apart. */
const pollMs = 100;
const pingTimeoutMs = 2_000;

/** Whether it says that it is well, within the time that SageMaker gives it. */
export async function isWell({ backend }: Pick<Stage, "backend">): Promise<boolean> {
  const call = backend.call({ method: "GET", target: "/ping", headers: [], body: new Uint8Array(0) });
  const timer = setTimeout(() => {
    call.cancel();
  }, pingTimeoutMs);
  const outcome = await call.outcome;
  clearTimeout(timer);
  if (outcome.kind !== "answered") return false;
  // Nobody reads what is still to come of a long answer.
  if (!(outcome.body instanceof Uint8Array)) call.cancel();
  return outcome.status === 200;
}

/**
 * Resolves when a container answers its pings.
 *
 * @throws ServingError DEPLOYMENT_FAILED where it ends before, or takes longer than that
 */
export async function untilWell(stage: Stage, startupTimeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + startupTimeoutMs;
  let end: InstanceEnd | null = null;
  void stage.ended?.then((how) => {
    end = how;
  });
  const hasEnded = (): InstanceEnd | null => end;
  while (!(await isWell(stage))) {
    const why = hasEnded();
    if (why !== null) throw notStarted(stage, `it ended (${why.reason})`, "Its last lines say why.");
    if (performance.now() > giveUpAt) {
      const seconds = String(Math.round(startupTimeoutMs / 1000));
      throw notStarted(stage, `/ping did not answer 200 within ${seconds} s`, "Raise --startup-timeout.");
    }
    await pass(pollMs);
  }
}

function notStarted({ name, where }: Stage, why: string, hint: string): ServingError {
  return new ServingError("DEPLOYMENT_FAILED", `The container ${name} (${where}) did not start: ${why}.`, {
    hint,
  });
}
