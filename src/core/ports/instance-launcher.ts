import type { CodeAsset, EnvironmentAsset, ModelAsset } from "../../contracts/control/assets.ts";
import type { DeploymentSpec } from "../../contracts/control/deployment.ts";
import type { Backend } from "./backend.ts";

/** Brings instances of deployments to life, wherever they can run. */
export interface InstanceLauncher {
  /**
   * Prepares what all instances of a deployment share: environments, images, the choice of the engine.
   * Rejects with a ServingError that says what is missing and how to get it.
   */
  prepare(order: LaunchOrder, log: InstanceLog): Promise<PreparedDeployment>;
}

/** A deployment with everything that it names. */
export interface LaunchOrder {
  readonly spec: DeploymentSpec;
  readonly revision: number;
  readonly model: ModelAsset | null;
  readonly code: CodeAsset | null;
  readonly environment: EnvironmentAsset | null;
}

export interface PreparedDeployment {
  readonly engine: "process" | "container";
  readonly routes: InstanceRoutes;
  /** Calls that one instance works on at once, where it is known to take no more; null where only the instance knows. */
  readonly parallelCalls: number | null;
  /** More than one instance would fight for something, as for a fixed port. */
  readonly isSingle: boolean;
  /**
   * Starts one; resolves as soon as it runs, which is before it is ready. `abandoned` resolves when nobody wants it any
   * more: what takes its time to start is ended then, and the launch rejects.
   */
  launch(ordinal: number, abandoned: Promise<unknown>): Promise<LaunchedInstance>;
  /** Gives back what was prepared. */
  stop(): Promise<void>;
}

/** Paths on the instance. A request to the endpoint's `/score` goes to `scoring`. */
export interface InstanceRoutes {
  readonly liveness: string;
  readonly readiness: string;
  readonly scoring: string;
}

export interface LaunchedInstance {
  readonly backend: Backend;
  /** Answers the probes, which may be on other ports than scoring. */
  readonly probe: (kind: "liveness" | "readiness") => Backend;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<InstanceEnd>;
  /** Process ids, or the container's id. */
  readonly where: string;
  /** Asks it to end, and kills it after that time; resolves when nothing of it is left. */
  stop(graceMs: number): Promise<void>;
}

/** How an instance ended. */
export interface InstanceEnd {
  /** As `exit code 3` or `killed by SIGKILL`. */
  readonly reason: string;
  /** Whether starting it again cannot help: the scoring script cannot be imported, say. */
  readonly isHopeless: boolean;
}

/** Takes the lines that an instance writes. */
export interface InstanceLog {
  line(ordinal: number | null, source: "stdout" | "stderr" | "hostler", text: string): void;
}
