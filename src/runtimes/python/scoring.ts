import type { InstanceEnd } from "../../core/ports/instance-launcher.ts";
import type { ScoringRunner } from "../../core/ports/scoring-runner.ts";

/** How one instance of a scoring script is started. */
export interface ScoringLaunch {
  readonly interpreter: string;
  /** AML_APP_ROOT: first on `sys.path`. */
  readonly appRoot: string;
  /** Working folder; the application's root unless it is given. */
  readonly folder?: string;
  /** Relative to the application's root or absolute; null: the module `main`. */
  readonly entryScript: string | null;
  /** What is added to the server's environment, AZUREML_MODEL_DIR and the user's own variables among it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Processes of this one instance (WORKER_COUNT). */
  readonly workers: number;
  /** The most that each process may hold; one that needs more fails that call and is replaced. Null, or left out: no bound. */
  readonly memoryBytes?: number | null;
  /** Whether the script may do without run(), because its init() starts a server of its own. */
  readonly isRunOptional?: boolean;
  /** Resolves when nobody wants it any more: one whose init() has not returned is ended, and its start rejects. */
  readonly abandoned?: Promise<unknown>;
}

/** Takes what the processes of an instance write, line by line. */
export type ScriptLog = (source: "stdout" | "stderr" | "hostler", text: string) => void;

/** A script that runs: some processes, each with its init() done. */
export interface ScoringInstance extends ScoringRunner {
  readonly processes: readonly number[];
  /** Resolves when it has ended for good: workers that end are replaced until that is of no use. */
  readonly ended: Promise<InstanceEnd>;
  /** Takes no further calls, lets those under way end for that long, then ends its processes. */
  stop(graceMs: number): Promise<void>;
}
