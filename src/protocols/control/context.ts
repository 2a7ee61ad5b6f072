import type { AssetOperations } from "../../core/ports/asset-operations.ts";
import type { DeploymentOperations } from "../../core/ports/deployment-operations.ts";
import type {
  EndpointHistory,
  EndpointKeys,
  EndpointOperations,
  RolloutOperations,
} from "../../core/ports/endpoint-operations.ts";
import type { HostedEndpointOperations } from "../../core/ports/hosted-endpoints.ts";
import type { Logger } from "../../core/ports/logger.ts";

/** What the control API works with. */
export interface ControlContext {
  readonly endpoints: EndpointOperations;
  readonly keys: EndpointKeys;
  readonly history: EndpointHistory;
  readonly rollouts: RolloutOperations;
  readonly deployments: DeploymentOperations;
  readonly assets: AssetOperations;
  /** Endpoints of SageMaker's kind, where there are any. */
  readonly sagemaker?: { readonly endpoints: HostedEndpointOperations } | null;
  /** The server, and the addresses of the other planes. */
  readonly about: () => ControlAbout;
  /** The address that is listened on; requests may name it, or a loopback one. */
  readonly host: string;
  /** Hex digest of the key that every request has to carry; null asks for none, which only a loopback address may. */
  readonly adminKeySha256: string | null;
  /** Told of what should not happen. */
  readonly logger?: Logger;
}

interface ControlAbout {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly controlUrl: string;
  readonly tlsUrl: string;
}
