import type { DeploymentDocument } from "../../../contracts/azureml/deployment.ts";
import type { Deployment } from "../../../contracts/control/deployment.ts";
import type { Override } from "../../../repositories/azureml/index.ts";
import { type DeploymentFlags, overridesOf } from "../documents/deployment-flags.ts";
import { registerParts } from "../documents/deployment-spec.ts";
import { readChanged, readSpecification, withCodeReference } from "../documents/read.ts";
import { applyEdits, type Edits } from "../edits/generic-update.ts";
import { MlError } from "../ml-error.ts";
import type { JsonValue } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { deploymentView } from "../views/deployment-view.ts";
import { orNull, refuseLocalWithoutWait } from "./refusals.ts";
import { waitUntilReady } from "./wait.ts";

interface UpdateValues extends DeploymentFlags, Edits {
  readonly file: string | undefined;
  readonly variables: readonly string[];
  readonly skipScriptValidation: boolean;
  readonly noWait: boolean;
  readonly local: boolean;
}

/** With a file the deployment becomes what the file says, without one it is changed. */
export async function updateDeployment(values: UpdateValues, session: Session): Promise<JsonValue> {
  refuseLocalWithoutWait(values);
  const { client } = session;
  const document =
    values.file === undefined ? await edited(values, session) : await fromFile(values, session);
  const put = await client.putDeployment(await registerParts(document, client));
  if (!values.noWait) return deploymentView(await waitUntilReady(put, session));
  const { name, endpoint_name: endpoint } = put;
  session.warn(
    `Being updated. See how far it is with hostler ml online-deployment show -n ${name} -e ${endpoint}.`,
  );
  return deploymentView(put);
}

async function fromFile(values: UpdateValues, session: Session): Promise<DeploymentDocument> {
  if (values.add.length + values.remove.length > 0) {
    throw new MlError("--add and --remove change a deployment that is there: leave out --file.");
  }
  const fromFlags = overridesOf(values, session.context.cwd);
  const flags = { ...values, set: values.set.flat() };
  const { document } = await readSpecification("online-deployment", flags, fromFlags, session);
  await existing(document.endpoint_name, document.name, session);
  return document;
}

async function edited(values: UpdateValues, session: Session): Promise<DeploymentDocument> {
  const { name, endpointName } = values;
  if (name === undefined || endpointName === undefined) {
    throw MlError.usage(
      "the following arguments are required: --name/-n and --endpoint-name/-e, or --file/-f",
    );
  }
  const present = await existing(endpointName, name, session);
  const changed = withCodeReference(applyEdits(deploymentView(present), values));
  const fromFlags: readonly Override[] = overridesOf(values, session.context.cwd);
  const { document } = await readChanged("online-deployment", changed, session, fromFlags);
  return document;
}

async function existing(endpoint: string, name: string, { client }: Session): Promise<Deployment> {
  const deployment = await orNull(client.getDeployment(endpoint, name), "DEPLOYMENT_NOT_FOUND");
  if (deployment !== null) return deployment;
  throw new MlError("Deployment does not exist.", {
    hint: `See which there are with hostler ml online-deployment list -e ${endpoint}.`,
  });
}
