import type { Variables } from "../../repositories/mms/config-file.ts";
import type { FlagValues } from "../../repositories/mlserver/setting-layers.ts";
import type { ServerLogger } from "../../telemetry/logger.ts";

/**
 * `mms`: two APIs, as Multi Model Server has them; `torchserve`: the same as its successor has them, where models have
 * versions. `sagemaker`: a container's contract, all of it on one port.
 */
export type HostProfile = "mms" | "torchserve" | "sagemaker";

export interface HostRequest {
  readonly profile: HostProfile;
  /** Where the models lie, instead of what settings say; null where nobody named it. */
  readonly folder: string | null;
  /** File with MMS's settings, as it was named. */
  readonly config: string | undefined;
  readonly modelStore: string | undefined;
  /** Models to load at the start, as `name=url` or `url`. */
  readonly models: readonly string[] | undefined;
  /** hostler's own settings as the command line gave them. */
  readonly flags: FlagValues;
  readonly variables: Variables;
  readonly cwd: string;
  /** hostler's own version. */
  readonly version: string;
}

export interface RunningHost {
  readonly profile: HostProfile;
  readonly inferenceUrl: string;
  /** The same where one listener has both APIs. */
  readonly managementUrl: string;
  /** Null where the metrics have no listener of their own: the management API has them. */
  readonly metricsUrl: string | null;
  readonly logger: ServerLogger;
  readonly notices: readonly string[];
  /** Resolves when every model of the start has been tried; rejects where the only one of a container did not load. */
  readonly loaded: Promise<StartupReport>;
  /** Finishes what is under way, then ends every process; with `force`, at once. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

export interface StartupReport {
  readonly loaded: readonly string[];
  readonly failed: readonly { readonly url: string; readonly reason: string }[];
}
