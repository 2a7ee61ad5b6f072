import type { EndpointSpec } from "../../contracts/control/endpoint.ts";
import {
  type DeploymentName,
  deploymentNameSchema,
  type EndpointName,
} from "../../contracts/control/names.ts";
import type { LiveDeployment, LiveEndpoint } from "../ports/endpoint-directory.ts";
import type { DeploymentPool } from "./deployment-pool.ts";
import { MirrorComparison } from "./mirror-comparison.ts";
import { type Shares, trafficCycle, type Turn } from "./traffic-cycle.ts";

/** One endpoint for the data plane: who is admitted, and whose turn it is. */
export class LiveEndpointState implements LiveEndpoint {
  readonly name: EndpointName;
  readonly comparison = new MirrorComparison();
  readonly #admits: (token: string) => boolean;
  readonly #pools = new Map<string, DeploymentPool>();
  #statusMode: EndpointSpec["status_mode"] = "azure";
  #traffic: Shares = {};
  #mirror: Shares = {};
  #cycle: readonly Turn[] = [];
  /** Index of the turn that was last, in the cycle. */
  #turn = -1;

  constructor({
    name,
    admits,
  }: {
    readonly name: EndpointName;
    readonly admits: (token: string) => boolean;
  }) {
    this.name = name;
    this.#admits = admits;
  }

  get statusMode(): EndpointSpec["status_mode"] {
    return this.#statusMode;
  }

  admits(token: string): boolean {
    return this.#admits(token);
  }

  next(): LiveDeployment | null {
    // One try is enough, but while a deployment comes or goes.
    for (let left = this.#cycle.length; left > 0; left -= 1) {
      this.#turn = (this.#turn + 1) % this.#cycle.length;
      const pool = this.#pools.get(this.#cycle[this.#turn]?.deployment ?? "");
      if (pool !== undefined) return pool;
    }
    return null;
  }

  nextMirror(): LiveDeployment | null {
    return this.#pools.get(this.#cycle[this.#turn]?.mirror ?? "") ?? null;
  }

  deployment(name: string): LiveDeployment | undefined {
    return this.#pools.get(name);
  }

  setStatusMode(mode: EndpointSpec["status_mode"]): void {
    this.#statusMode = mode;
  }

  setTraffic(traffic: Shares): void {
    this.#traffic = traffic;
    this.#plan();
  }

  setMirror(mirror: Shares): void {
    this.#mirror = mirror;
    const target = Object.entries(mirror).find(([, percent]) => percent > 0)?.[0];
    this.comparison.watch(target === undefined ? null : deploymentNameSchema.parse(target));
    this.#plan();
  }

  /** Puts a deployment into the endpoint, in place of one of the same name. */
  setDeployment(pool: DeploymentPool): void {
    this.#pools.set(pool.name, pool);
  }

  removeDeployment(name: DeploymentName): void {
    this.#pools.delete(name);
  }

  #plan(): void {
    this.#cycle = trafficCycle(this.#traffic, this.#mirror);
    this.#turn = -1;
  }
}
