import { z } from "zod";
import {
  type AssetKind,
  type AssetPatch,
  type Assets,
  type AssetSpecs,
  codeAssetSchema,
  environmentAssetSchema,
  modelAssetSchema,
} from "../../contracts/control/assets.ts";
import {
  type Deployment,
  deploymentSchema,
  type DeploymentSpec,
} from "../../contracts/control/deployment.ts";
import {
  type AccessToken,
  accessTokenSchema,
  type ControlEvent,
  type Endpoint,
  endpointSchema,
  type EndpointSpec,
  eventSchema,
  type KeyPair,
  keyPairSchema,
  type KeyType,
  type Revision,
  revisionSchema,
} from "../../contracts/control/endpoint.ts";
import {
  hostedEndpointSchema,
  type HostedEndpointSummary,
  variantMetricsSchema,
  type VariantMetricsReport,
} from "../../contracts/control/hosted-endpoints.ts";
import {
  type Comparison,
  comparisonSchema,
  type DeploymentMetrics,
  deploymentMetricsSchema,
} from "../../contracts/control/measurements.ts";
import { type Rollout, rolloutSchema, type RolloutSpec } from "../../contracts/control/rollout.ts";
import { ControlConnection } from "./connection.ts";
import type { ControlOptions } from "./control-options.ts";

/** Shares of traffic by deployment. */
type Shares = Readonly<Record<string, number>>;

type ListOf = "without" | "with" | "only";

/** Longest that one call waits for a state; the caller asks again. */
const longestWaitS = 30;

/** The control API, typed. Everything rejects with a ServingError: the control plane's own, or UNREACHABLE. */
export class ControlClient {
  readonly #connection: ControlConnection;

  constructor(options: ControlOptions) {
    this.#connection = new ControlConnection(options);
  }

  get url(): string {
    return this.#connection.url;
  }

  async listEndpoints(): Promise<readonly Endpoint[]> {
    return await this.#connection.ask("listEndpoints", z.array(endpointSchema));
  }

  async getEndpoint(endpoint: string): Promise<Endpoint> {
    return await this.#connection.ask("getEndpoint", endpointSchema, { path: { endpoint } });
  }

  async putEndpoint(spec: EndpointSpec, { create = false } = {}): Promise<Endpoint> {
    const question = { path: { endpoint: spec.name }, body: spec, isCreation: create };
    return await this.#connection.ask("putEndpoint", endpointSchema, question);
  }

  async deleteEndpoint(endpoint: string): Promise<void> {
    await this.#connection.tell("deleteEndpoint", { path: { endpoint } });
  }

  async putTraffic(
    endpoint: string,
    change: { readonly traffic?: Shares; readonly mirror_traffic?: Shares },
  ): Promise<Endpoint> {
    return await this.#connection.ask("putTraffic", endpointSchema, { path: { endpoint }, body: change });
  }

  async keys(endpoint: string): Promise<KeyPair> {
    return await this.#connection.ask("listKeys", keyPairSchema, { path: { endpoint } });
  }

  async regenerateKey(endpoint: string, keyType: KeyType): Promise<KeyPair> {
    const question = { path: { endpoint }, body: { key_type: keyType } };
    return await this.#connection.ask("regenerateKey", keyPairSchema, question);
  }

  async token(endpoint: string): Promise<AccessToken> {
    return await this.#connection.ask("issueToken", accessTokenSchema, { path: { endpoint } });
  }

  async events(endpoint: string): Promise<readonly ControlEvent[]> {
    return await this.#connection.ask("listEvents", z.array(eventSchema), { path: { endpoint } });
  }

  async revisions(endpoint: string): Promise<readonly Revision[]> {
    return await this.#connection.ask("listRevisions", z.array(revisionSchema), { path: { endpoint } });
  }

  /** Back to a revision, or to the one before the present one. */
  async undo(endpoint: string, revision: number | undefined): Promise<Endpoint> {
    return await this.#connection.ask("undo", endpointSchema, { path: { endpoint }, query: { revision } });
  }

  async metrics(endpoint: string): Promise<readonly DeploymentMetrics[]> {
    return await this.#connection.ask("metrics", z.array(deploymentMetricsSchema), { path: { endpoint } });
  }

  async hostedEndpoints(): Promise<readonly HostedEndpointSummary[]> {
    return await this.#connection.ask("listHostedEndpoints", z.array(hostedEndpointSchema));
  }

  async hostedMetrics(endpoint: string): Promise<readonly VariantMetricsReport[]> {
    return await this.#connection.ask("hostedMetrics", z.array(variantMetricsSchema), { path: { endpoint } });
  }

  async comparison(endpoint: string): Promise<Comparison | null> {
    return await this.#connection.ask("comparison", comparisonSchema.nullable(), { path: { endpoint } });
  }

  async startRollout(endpoint: string, spec: RolloutSpec): Promise<Rollout> {
    return await this.#connection.ask("startRollout", rolloutSchema, { path: { endpoint }, body: spec });
  }

  async rollout(endpoint: string): Promise<Rollout | null> {
    return await this.#connection.ask("getRollout", rolloutSchema.nullable(), { path: { endpoint } });
  }

  async cancelRollout(endpoint: string, { undo }: { readonly undo: boolean }): Promise<Rollout> {
    const question = { path: { endpoint }, query: { undo: undo ? "true" : undefined } };
    return await this.#connection.ask("cancelRollout", rolloutSchema, question);
  }

  async listDeployments(endpoint: string): Promise<readonly Deployment[]> {
    return await this.#connection.ask("listDeployments", z.array(deploymentSchema), { path: { endpoint } });
  }

  async getDeployment(endpoint: string, deployment: string): Promise<Deployment> {
    return await this.#connection.ask("getDeployment", deploymentSchema, { path: { endpoint, deployment } });
  }

  async putDeployment(spec: DeploymentSpec, { create = false } = {}): Promise<Deployment> {
    const path = { endpoint: spec.endpoint_name, deployment: spec.name };
    const question = { path, body: spec, isCreation: create };
    return await this.#connection.ask("putDeployment", deploymentSchema, question);
  }

  async deleteDeployment(endpoint: string, deployment: string): Promise<void> {
    await this.#connection.tell("deleteDeployment", { path: { endpoint, deployment } });
  }

  /** The deployment as soon as its state is a final one, or as it is after `seconds`. */
  async waitForDeployment(endpoint: string, deployment: string, seconds = longestWaitS): Promise<Deployment> {
    const question = { path: { endpoint, deployment }, query: { wait: seconds }, waitS: seconds };
    return await this.#connection.ask("getDeployment", deploymentSchema, question);
  }

  async logs(
    endpoint: string,
    deployment: string,
    query: { readonly lines?: number | undefined; readonly container?: string | undefined },
  ): Promise<string> {
    return await this.#connection.read("getLogs", { path: { endpoint, deployment }, query });
  }

  async listAssets<K extends AssetKind>(
    kind: K,
    archived: ListOf = "without",
  ): Promise<readonly Assets[K][]> {
    const question = { path: { kind }, query: { archived } };
    return await this.#connection.ask("listAssets", z.array(assetSchemas[kind]), question);
  }

  async listVersions<K extends AssetKind>(
    kind: K,
    name: string,
    archived: ListOf = "without",
  ): Promise<readonly Assets[K][]> {
    const question = { path: { kind, name }, query: { archived } };
    return await this.#connection.ask("listAssetVersions", z.array(assetSchemas[kind]), question);
  }

  /** `latest` is the newest version that is not archived. */
  async getAsset<K extends AssetKind>(kind: K, name: string, version: string): Promise<Assets[K]> {
    return await this.#connection.ask("getAsset", assetSchemas[kind], { path: { kind, name, version } });
  }

  async createAsset<K extends AssetKind>(kind: K, spec: AssetSpecs[K]): Promise<Assets[K]> {
    return await this.#connection.ask("createAsset", assetSchemas[kind], { path: { kind }, body: spec });
  }

  async patchAsset<K extends AssetKind>(
    kind: K,
    name: string,
    version: string,
    patch: AssetPatch,
  ): Promise<Assets[K]> {
    const question = { path: { kind, name, version }, body: patch };
    return await this.#connection.ask("patchAsset", assetSchemas[kind], question);
  }

  async deleteAsset(kind: AssetKind, name: string, version: string): Promise<void> {
    await this.#connection.tell("deleteAsset", { path: { kind, name, version } });
  }
}

const assetSchemas: { readonly [K in AssetKind]: z.ZodType<Assets[K]> } = {
  models: modelAssetSchema,
  environments: environmentAssetSchema,
  codes: codeAssetSchema,
};
