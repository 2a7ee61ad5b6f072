import type { Backend } from "../../core/ports/backend.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type {
  InstanceEnd,
  InstanceLog,
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../../core/ports/instance-launcher.ts";
import type { LocalEnvironment } from "../../engines/process/environments/local-environments.ts";
import { localPaths } from "./instance-paths.ts";
import { inferenceConfigOf, routesOf } from "./instance-routes.ts";
import { instanceVariables } from "./instance-variables.ts";
import { limitsOf } from "./limits.ts";

/** A scoring script that has to be started. */
export interface ScoringStart {
  readonly interpreter: string;
  readonly appRoot: string;
  readonly entryScript: string;
  /** What its environment has besides hostler's own. */
  readonly variables: Readonly<Record<string, string>>;
  /** Processes of this one instance. */
  readonly workers: number;
  /** The most that each of them may hold; null: no bound. */
  readonly memoryBytes: number | null;
  /** Resolves when nobody wants it any more: what is still starting is ended. */
  readonly abandoned: Promise<unknown>;
}

/** A scoring script whose `init()` has returned. */
interface StartedScoring {
  readonly backend: Backend;
  readonly processes: readonly number[];
  readonly ended: Promise<InstanceEnd>;
  stop(graceMs: number): Promise<void>;
}

export type StartScoring = (
  start: ScoringStart,
  onLine: (source: "stdout" | "stderr" | "hostler", text: string) => void,
) => Promise<StartedScoring>;

export interface ScoringDeploymentOptions {
  readonly order: LaunchOrder;
  readonly environment: LocalEnvironment;
  /** Programs of its environment come first on it. */
  readonly path: string;
  readonly start: StartScoring;
  readonly log: InstanceLog;
}

/** As many calls as an instance may pass on to a worker at once, where `run()` is short: waking it for each takes longer. */
const callsPerWorker = 8;

/** Instances of a scoring script with `run()`: each is a worker of ours, or several. */
export function prepareScoring(options: ScoringDeploymentOptions): PreparedDeployment {
  const { order } = options;
  const workers = workersOf(order);
  return {
    engine: "process",
    routes: routesOf(inferenceConfigOf(order)),
    parallelCalls: workers * callsPerWorker,
    isSingle: false,
    launch: (ordinal, abandoned) => launch(options, { ordinal, workers, abandoned }),
    stop: () => Promise.resolve(),
  };
}

async function launch(
  { order, environment, path, start, log }: ScoringDeploymentOptions,
  {
    ordinal,
    workers,
    abandoned,
  }: { readonly ordinal: number; readonly workers: number; readonly abandoned: Promise<unknown> },
): Promise<LaunchedInstance> {
  const paths = localPaths(order);
  const { application } = paths;
  if (application === null) throw new ServingError("INTERNAL", "A scoring script without code.");
  const started = await start(
    {
      interpreter: environment.interpreter,
      appRoot: application.root,
      entryScript: application.script,
      variables: { PATH: path, ...instanceVariables(order, paths, ordinal) },
      workers,
      memoryBytes: limitsOf(order).memoryBytes,
      abandoned,
    },
    (source, text) => {
      log.line(ordinal, source, text);
    },
  );
  return {
    backend: started.backend,
    probe: () => started.backend,
    ended: started.ended,
    get where() {
      return started.processes.join(" ");
    },
    stop: (graceMs) => started.stop(graceMs),
  };
}

/** The scoring server's own variable. */
function workersOf({ spec }: LaunchOrder): number {
  const text = spec.environment_variables["WORKER_COUNT"] ?? "1";
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new ServingError("INVALID_DOCUMENT", `WORKER_COUNT: expected a number from 1 to 999, got ${text}`, {
    field: "environment_variables.WORKER_COUNT",
    expected: "a number from 1 to 999",
    got: text,
  });
}
