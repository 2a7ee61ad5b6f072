import type { AssetOperations } from "../../core/ports/asset-operations.ts";
import type { DeploymentOperations } from "../../core/ports/deployment-operations.ts";
import type { Actor, EndpointKeys, EndpointOperations } from "../../core/ports/endpoint-operations.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ArmRoute } from "./routes.ts";

/** What the façade stands in front of. */
export interface ArmContext {
  readonly endpoints: EndpointOperations;
  readonly keys: EndpointKeys;
  readonly deployments: DeploymentOperations;
  readonly assets: AssetOperations;
  readonly logger: Logger;
  /** SHA-256 of the control plane's key, in hex; null where it has none. */
  readonly adminKeySha256: string | null;
  /** Folder for what clients upload, until it is registered as an asset; made where it is missing. */
  readonly blobFolder: string;
}

/** Where the client believes the workspace to be. Any will do; replies name it as the request did. */
export interface Scope {
  readonly subscription: string;
  readonly group: string;
  readonly workspace: string;
}

/** One request, taken apart. */
export interface ArmCall {
  readonly context: ArmContext;
  readonly route: ArmRoute;
  readonly scope: Scope;
  /** A part of the path by its name in the route; empty where the route has none of that name. */
  readonly param: (name: string) => string;
  readonly query: URLSearchParams;
  /** As `https://localhost:8802`: links in replies lead to where the request came to. */
  readonly origin: string;
  readonly actor: Actor;
  /** Lets its bearer read and write blobs. */
  readonly accessSignature: string;
  /** The body as JSON; null where there is none. Rejects with MALFORMED_JSON. */
  readonly body: () => Promise<unknown>;
}

export interface ArmReply {
  readonly status: number;
  readonly body: object | null;
  /** Where the client asks whether what it began has ended. */
  readonly operationUrl?: string;
}
