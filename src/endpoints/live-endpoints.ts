import { isDeepStrictEqual } from "node:util";
import type { EndpointSpec } from "../contracts/control/endpoint.ts";
import type { DeploymentName, EndpointName } from "../contracts/control/names.ts";
import type { DeploymentRunner } from "../core/instances/deployment-runner.ts";
import type { EndpointDirectory, LiveEndpoint } from "../core/ports/endpoint-directory.ts";
import type { DeploymentPool } from "../core/traffic/deployment-pool.ts";
import { LiveEndpointState } from "../core/traffic/live-endpoint.ts";
import { Credentials } from "./credentials.ts";
import type { LogBook } from "./log-book.ts";
import type { StoredEndpoint } from "./store/endpoint-rows.ts";

/** What runs for a deployment. */
export interface RunningDeployment {
  readonly pool: DeploymentPool;
  readonly runner: DeploymentRunner;
  readonly log: LogBook;
}

/** What is in memory for an endpoint. */
export interface RunningEndpoint {
  readonly state: LiveEndpointState;
  readonly credentials: Credentials;
  readonly deployments: Map<DeploymentName, RunningDeployment>;
  /** As it was configured last. */
  spec: EndpointSpec | null;
}

/** All endpoints, as the data plane sees them. */
export class LiveEndpoints implements EndpointDirectory {
  readonly #running = new Map<string, RunningEndpoint>();
  readonly #wallTime: () => number;

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  find(name: string): LiveEndpoint | undefined {
    return this.#running.get(name)?.state;
  }

  get(name: EndpointName): RunningEndpoint | undefined {
    return this.#running.get(name);
  }

  all(): Iterable<RunningEndpoint> {
    return this.#running.values();
  }

  add({ record: { spec }, secrets }: StoredEndpoint): RunningEndpoint {
    const credentials = new Credentials(secrets, spec.auth_mode, this.#wallTime);
    const state = new LiveEndpointState({ name: spec.name, admits: (token) => credentials.admits(token) });
    const running = {
      state,
      credentials,
      deployments: new Map<DeploymentName, RunningDeployment>(),
      spec: null,
    };
    this.#running.set(spec.name, running);
    this.configure(spec);
    return running;
  }

  /** What of a spec concerns the data plane. */
  configure(spec: EndpointSpec): void {
    const running = this.#running.get(spec.name);
    if (running === undefined) return;
    running.credentials.setMode(spec.auth_mode);
    running.state.setStatusMode(spec.status_mode);
    const { spec: old } = running;
    running.spec = spec;
    // The same shares anew would begin their order anew.
    if (isDeepStrictEqual([old?.traffic, old?.mirror_traffic], [spec.traffic, spec.mirror_traffic])) return;
    running.state.setTraffic(spec.traffic);
    running.state.setMirror(spec.mirror_traffic);
  }

  remove(name: EndpointName): void {
    this.#running.delete(name);
  }
}
