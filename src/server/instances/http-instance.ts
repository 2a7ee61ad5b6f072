import type { InferenceConfig } from "../../contracts/control/assets.ts";
import type { Backend, BackendAddress } from "../../core/ports/backend.ts";

/** A way to a server's port, and its end. */
interface OpenBackend {
  readonly backend: Backend;
  stop(): Promise<void>;
}

export type ConnectBackend = (address: BackendAddress) => OpenBackend;

/** The backends of an instance that is an HTTP server: one for each of its ports. */
export interface InstanceBackends {
  readonly scoring: Backend;
  readonly probe: (kind: "liveness" | "readiness") => Backend;
  stop(): Promise<void>;
}

const loopback = "127.0.0.1";

/** `portOf` says where a port of the routes is reached on this machine. */
export function openBackends(
  config: InferenceConfig,
  portOf: (port: number) => number,
  connect: ConnectBackend,
): InstanceBackends {
  const open = new Map<number, OpenBackend>();
  const backendAt = (port: number): Backend => {
    const known = open.get(port);
    if (known !== undefined) return known.backend;
    const made = connect({ host: loopback, port: portOf(port) });
    open.set(port, made);
    return made.backend;
  };
  const scoring = backendAt(config.scoring_route.port);
  const probes = {
    liveness: backendAt(config.liveness_route.port),
    readiness: backendAt(config.readiness_route.port),
  };
  return {
    scoring,
    probe: (kind) => probes[kind],
    stop: async () => {
      await Promise.all([...open.values()].map((one) => one.stop()));
    },
  };
}
