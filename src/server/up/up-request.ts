import type { EngineChoice } from "../../contracts/control/deployment.ts";
import type { Endpoint } from "../../contracts/control/endpoint.ts";
import type { Variables } from "../../repositories/mlserver/environment.ts";
import type { FlagValues } from "../../repositories/mlserver/setting-layers.ts";
import type { ServerLogger } from "../../telemetry/logger.ts";

export interface UpRequest {
  /** A folder with models to serve beside the endpoints; null for none. */
  readonly folder: string | null;
  /** Absolute; made where it is missing. */
  readonly stateFolder: string;
  /** Data port; control and TLS take the next two. 0 takes any free ones. */
  readonly port: number;
  readonly engine: EngineChoice;
  readonly allowsPull: boolean;
  /** File with the key that the control API asks for; null for none. */
  readonly adminKeyFile: string | null;
  /** Settings as the command line gave them. */
  readonly flags: FlagValues;
  readonly variables: Variables;
  readonly cwd: string;
  /** hostler's own version. */
  readonly version: string;
}

export interface RunningUp {
  readonly url: string;
  readonly controlUrl: string;
  readonly tlsUrl: string;
  readonly stateFolder: string;
  readonly logger: ServerLogger;
  readonly notices: readonly string[];
  /** The endpoints that the state folder held. */
  readonly restored: Promise<readonly Endpoint[]>;
  /** Finishes what is under way, then ends every process; with `force`, at once. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}
