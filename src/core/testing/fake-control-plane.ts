import {
  type Deployment,
  type DeploymentSpec,
  deploymentSchema,
} from "../../contracts/control/deployment.ts";
import {
  type AccessToken,
  type Endpoint,
  type EndpointSpec,
  endpointSchema,
  type KeyPair,
  type KeyType,
  type ProvisioningState,
} from "../../contracts/control/endpoint.ts";
import type { DeploymentName, EndpointName } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { DeploymentOperations } from "../ports/deployment-operations.ts";
import type { Actor, EndpointKeys, EndpointOperations } from "../ports/endpoint-operations.ts";
import { FakeAssets } from "./fake-assets.ts";

const at = "2026-01-01T00:00:00.000Z";

/** Endpoints and deployments in memory, for the edges that speak to a control plane. Nothing runs. */
export class FakeControlPlane {
  readonly assets: FakeAssets = new FakeAssets();
  readonly endpoints: FakeEndpoints = new FakeEndpoints();
  readonly deployments: FakeDeployments = new FakeDeployments(this.endpoints);
  readonly keys: FakeKeys = new FakeKeys(this.endpoints);
}

export class FakeEndpoints implements EndpointOperations {
  readonly all = new Map<string, Endpoint>();
  /** Who asked for changes. */
  readonly actors: Actor[] = [];
  /** Where the data plane would be. */
  scoringBaseUrl = "http://127.0.0.1:8800";

  async list(): Promise<readonly Endpoint[]> {
    return Promise.resolve([...this.all.values()]);
  }

  async get(name: EndpointName): Promise<Endpoint> {
    const endpoint = this.all.get(name);
    if (endpoint !== undefined) return Promise.resolve(endpoint);
    return Promise.reject(new ServingError("ENDPOINT_NOT_FOUND", `There is no endpoint ${name}.`));
  }

  async put(
    spec: EndpointSpec,
    { actor, create }: { readonly actor: Actor; readonly create: boolean },
  ): Promise<Endpoint> {
    const existing = this.all.get(spec.name);
    if (create && existing !== undefined) {
      return Promise.reject(new ServingError("ALREADY_EXISTS", `${spec.name} exists.`));
    }
    this.actors.push(actor);
    const endpoint = endpointSchema.parse({
      ...spec,
      provisioning_state: "Succeeded",
      scoring_uri: `${this.scoringBaseUrl}/endpoints/${spec.name}/score`,
      openapi_uri: `${this.scoringBaseUrl}/endpoints/${spec.name}/swagger.json`,
      revision: (existing?.revision ?? 0) + 1,
      created_at: at,
      modified_at: at,
    });
    this.all.set(spec.name, endpoint);
    return Promise.resolve(endpoint);
  }

  async delete(name: EndpointName, actor: Actor): Promise<void> {
    await this.get(name);
    this.actors.push(actor);
    this.all.delete(name);
  }

  async setTraffic(
    name: EndpointName,
    change: Parameters<EndpointOperations["setTraffic"]>[1],
    actor: Actor,
  ): Promise<Endpoint> {
    const endpoint = await this.get(name);
    return this.put(endpointSchema.parse({ ...endpoint, ...change }), { actor, create: false });
  }
}

export class FakeKeys implements EndpointKeys {
  readonly #endpoints: FakeEndpoints;
  readonly #pairs = new Map<string, KeyPair>();
  #made = 0;

  constructor(endpoints: FakeEndpoints) {
    this.#endpoints = endpoints;
  }

  async keys(name: EndpointName): Promise<KeyPair> {
    await this.#endpoints.get(name);
    const pair = this.#pairs.get(name) ?? { primary_key: this.#key(), secondary_key: this.#key() };
    this.#pairs.set(name, pair);
    return pair;
  }

  async regenerate(name: EndpointName, type: KeyType): Promise<KeyPair> {
    const pair = { ...(await this.keys(name)), [`${type}_key`]: this.#key() };
    this.#pairs.set(name, pair);
    return pair;
  }

  async token(name: EndpointName): Promise<AccessToken> {
    await this.#endpoints.get(name);
    return { access_token: "token", expiry_time_utc: 2, refresh_after_time_utc: 1, token_type: "Bearer" };
  }

  #key(): string {
    this.#made += 1;
    return `key-${String(this.#made)}`;
  }
}

export class FakeDeployments implements DeploymentOperations {
  /** What a deployment is when it has been put. */
  stateAfterPut: ProvisioningState = "Creating";
  /** What it becomes for who waits. */
  finalState: ProvisioningState = "Succeeded";
  readonly #endpoints: FakeEndpoints;
  readonly #all = new Map<string, Deployment>();

  constructor(endpoints: FakeEndpoints) {
    this.#endpoints = endpoints;
  }

  async list(endpoint: EndpointName): Promise<readonly Deployment[]> {
    await this.#endpoints.get(endpoint);
    return [...this.#all.values()].filter(({ endpoint_name: name }) => name === endpoint);
  }

  async get(endpoint: EndpointName, name: DeploymentName, waitMs = 0): Promise<Deployment> {
    await this.#endpoints.get(endpoint);
    const deployment = this.#all.get(`${endpoint}/${name}`);
    if (deployment === undefined) {
      throw new ServingError("DEPLOYMENT_NOT_FOUND", `${endpoint} has no deployment ${name}.`);
    }
    return waitMs === 0 ? deployment : this.#settle(deployment);
  }

  async put(spec: DeploymentSpec): Promise<Deployment> {
    await this.#endpoints.get(spec.endpoint_name);
    const deployment = deploymentSchema.parse({
      ...spec,
      provisioning_state: this.stateAfterPut,
      reason: null,
      revision: 1,
      instances: [],
      created_at: at,
      modified_at: at,
    });
    this.#all.set(`${spec.endpoint_name}/${spec.name}`, deployment);
    return deployment;
  }

  async delete(endpoint: EndpointName, name: DeploymentName): Promise<void> {
    const { traffic } = await this.#endpoints.get(endpoint);
    await this.get(endpoint, name);
    if ((traffic[name] ?? 0) > 0) throw new ServingError("CONFLICT", `${name} has traffic.`);
    this.#all.delete(`${endpoint}/${name}`);
  }

  async logs(
    endpoint: EndpointName,
    name: DeploymentName,
    { lines, container }: Parameters<DeploymentOperations["logs"]>[2],
  ): Promise<string> {
    await this.get(endpoint, name);
    return `${String(lines)} lines of the ${container} of ${name}\n`;
  }

  #settle(deployment: Deployment): Deployment {
    const reason = this.finalState === "Failed" ? "init() raised ValueError: no such file" : null;
    const settled = { ...deployment, provisioning_state: this.finalState, reason };
    this.#all.set(`${deployment.endpoint_name}/${deployment.name}`, settled);
    return settled;
  }
}
