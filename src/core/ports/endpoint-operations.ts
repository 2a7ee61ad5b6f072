import type {
  AccessToken,
  ControlEvent,
  Endpoint,
  EndpointSpec,
  KeyPair,
  KeyType,
  Revision,
} from "../../contracts/control/endpoint.ts";
import type { Comparison, DeploymentMetrics } from "../../contracts/control/measurements.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import type { Rollout, RolloutSpec } from "../../contracts/control/rollout.ts";

/** Who asks, for the history: a command line, a façade, a page. */
export interface Actor {
  /** As `hostler ml` or `azure-ai-ml/1.35.2`. */
  readonly name: string;
}

/** Endpoints, as the control plane offers them. All reject with a ServingError. */
export interface EndpointOperations {
  list(): Promise<readonly Endpoint[]>;
  /** ENDPOINT_NOT_FOUND. */
  get(name: EndpointName): Promise<Endpoint>;
  /** Creates or replaces; with `create` an existing one is ALREADY_EXISTS. Durable when it resolves. */
  put(spec: EndpointSpec, options: { readonly actor: Actor; readonly create: boolean }): Promise<Endpoint>;
  /** Resolves when it is durable; the deployments drain and go afterwards. */
  delete(name: EndpointName, actor: Actor): Promise<void>;
  /** What is given replaces; what is left out stays. DEPLOYMENT_NOT_FOUND for a share of an unknown deployment. */
  setTraffic(
    name: EndpointName,
    change: {
      readonly traffic?: Readonly<Record<string, number>>;
      readonly mirror_traffic?: Readonly<Record<string, number>>;
    },
    actor: Actor,
  ): Promise<Endpoint>;
}

export interface EndpointKeys {
  keys(name: EndpointName): Promise<KeyPair>;
  regenerate(name: EndpointName, type: KeyType, actor: Actor): Promise<KeyPair>;
  token(name: EndpointName): Promise<AccessToken>;
}

export interface EndpointHistory {
  events(name: EndpointName): Promise<readonly ControlEvent[]>;
  revisions(name: EndpointName): Promise<readonly Revision[]>;
  /** Null: the revision before the present one. */
  undo(name: EndpointName, revision: number | null, actor: Actor): Promise<Endpoint>;
  metrics(name: EndpointName): Promise<readonly DeploymentMetrics[]>;
  /** Null where nothing is mirrored. */
  comparison(name: EndpointName): Promise<Comparison | null>;
}

export interface RolloutOperations {
  start(name: EndpointName, spec: RolloutSpec, actor: Actor): Promise<Rollout>;
  /** Null where there has been none. */
  get(name: EndpointName): Promise<Rollout | null>;
  cancel(name: EndpointName, options: { readonly actor: Actor; readonly undo: boolean }): Promise<Rollout>;
}
