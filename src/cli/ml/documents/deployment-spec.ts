import { type DeploymentSpec, deploymentSpecSchema } from "../../../contracts/control/deployment.ts";
import type { DeploymentDocument } from "../../../contracts/azureml/deployment.ts";
import { deploymentParts } from "../../../repositories/azureml/index.ts";
import type { ControlClient } from "../../control/client.ts";
import { AssetResolver } from "./resolve-assets.ts";
import { checked } from "./checked.ts";

/** Registers what a deployment brings along, and gives the deployment that names it. */
export async function registerParts(
  document: DeploymentDocument,
  client: ControlClient,
): Promise<DeploymentSpec> {
  const { model, environment, code, rest } = deploymentParts(document);
  const resolver = new AssetResolver(client, `${document.endpoint_name}-${document.name}`);
  const input = {
    ...rest,
    model: model === null ? null : await resolver.model(model),
    environment: environment === null ? null : await resolver.environment(environment),
    code_configuration:
      code === null ? null : { code: await resolver.code(code.source), scoring_script: code.scoringScript },
  };
  return checked(deploymentSpecSchema, input, "deployment");
}
