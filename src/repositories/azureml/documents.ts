import type { DeploymentDocument } from "../../contracts/azureml/deployment.ts";
import type { EndpointDocument } from "../../contracts/azureml/endpoint.ts";
import type { EnvironmentDocument } from "../../contracts/azureml/environment.ts";
import type { ModelDocument } from "../../contracts/azureml/model.ts";

/** The YAML documents by what they describe; keys that the author left out are left out here too. */
export interface Documents {
  readonly "online-endpoint": EndpointDocument;
  readonly "online-deployment": DeploymentDocument;
  readonly model: ModelDocument;
  readonly environment: EnvironmentDocument;
}
export type DocumentKind = keyof Documents;

export interface ReadDocument<Kind extends DocumentKind> {
  readonly kind: Kind;
  /** Paths in it are absolute, references parsed, conda files read. */
  readonly document: Documents[Kind];
  /** Where a part of it stands, as `deployment.yml:3:5`, for what is found wrong with it later. */
  readonly where: (path: readonly (string | number)[]) => string;
}
