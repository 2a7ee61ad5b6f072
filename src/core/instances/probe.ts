import type { Route } from "../../contracts/control/assets.ts";
import type { Backend, BackendOutcome } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";

export type ProbeKind = "liveness" | "readiness";

export interface ProbeResult {
  readonly isOk: boolean;
  /** What came back, as `status 502` or `no answer within 2 s`. */
  readonly finding: string;
}

/** A probe under way. */
export interface ProbeCall {
  readonly result: Promise<ProbeResult>;
  cancel(): void;
}

export interface ProbeRequest {
  readonly clock: Clock;
  readonly backend: Backend;
  readonly path: Route["path"];
  readonly timeoutMs: number;
}

const headers = ["user-agent", "hostler-probe", "accept", "*/*"] as const;

/** Gets the route once: a status from 200 to 399 is success, as Kubernetes has it. */
export function probe({ clock, backend, path, timeoutMs }: ProbeRequest): ProbeCall {
  const call = backend.call({ method: "GET", target: path, headers, body: new Uint8Array() });
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const timer = clock.schedule(timeoutMs, () => {
    call.cancel();
    resolve({ isOk: false, finding: `no answer within ${String(timeoutMs / 1000)} s` });
  });
  void call.outcome.then((outcome) => {
    timer.cancel();
    // Nobody reads what is still to come of a long answer.
    if (outcome.kind === "answered" && !(outcome.body instanceof Uint8Array)) call.cancel();
    resolve(resultOf(outcome));
  });
  return {
    result: promise,
    cancel: () => {
      timer.cancel();
      call.cancel();
    },
  };
}

function resultOf(outcome: BackendOutcome): ProbeResult {
  if (outcome.kind !== "answered") return { isOk: false, finding: outcome.reason };
  const { status } = outcome;
  return { isOk: status >= 200 && status < 400, finding: `status ${String(status)}` };
}
