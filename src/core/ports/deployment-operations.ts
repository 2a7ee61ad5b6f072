import type { Deployment, DeploymentSpec } from "../../contracts/control/deployment.ts";
import type { DeploymentName, EndpointName } from "../../contracts/control/names.ts";
import type { Actor } from "./endpoint-operations.ts";

/** Deployments, as the control plane offers them. All reject with a ServingError. */
export interface DeploymentOperations {
  list(endpoint: EndpointName): Promise<readonly Deployment[]>;
  /** DEPLOYMENT_NOT_FOUND. With a wait it resolves as soon as the state is final, or after that time. */
  get(endpoint: EndpointName, name: DeploymentName, waitMs?: number): Promise<Deployment>;
  /** Creates or replaces; a replaced one serves until its successor is ready. Durable when it resolves. */
  put(
    spec: DeploymentSpec,
    options: { readonly actor: Actor; readonly create: boolean },
  ): Promise<Deployment>;
  /** Refused with CONFLICT while traffic goes to it. */
  delete(endpoint: EndpointName, name: DeploymentName, actor: Actor): Promise<void>;
  /** The newest lines, oldest first. */
  logs(
    endpoint: EndpointName,
    name: DeploymentName,
    options: { readonly lines: number; readonly container: "inference-server" | "storage-initializer" },
  ): Promise<string>;
}
