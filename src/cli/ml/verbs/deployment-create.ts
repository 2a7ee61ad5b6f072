import type { DeploymentDocument } from "../../../contracts/azureml/deployment.ts";
import type { Deployment } from "../../../contracts/control/deployment.ts";
import { endpointSpecSchema } from "../../../contracts/control/endpoint.ts";
import { checked } from "../documents/checked.ts";
import { type DeploymentFlags, hasParts, overridesOf } from "../documents/deployment-flags.ts";
import { registerParts } from "../documents/deployment-spec.ts";
import { readSpecification } from "../documents/read.ts";
import { MlError } from "../ml-error.ts";
import type { JsonValue } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { deploymentView } from "../views/deployment-view.ts";
import { alreadyExists, orNull, refuseLocalWithoutWait } from "./refusals.ts";
import { waitUntilReady } from "./wait.ts";

interface CreateValues extends DeploymentFlags {
  readonly file: string | undefined;
  readonly allTraffic: boolean;
  readonly set: readonly string[];
  readonly variables: readonly string[];
  readonly skipScriptValidation: boolean;
  readonly noWait: boolean;
  readonly local: boolean;
}

export async function createDeployment(values: CreateValues, session: Session): Promise<JsonValue> {
  refuseLocalWithoutWait(values);
  if (values.file === undefined && !hasParts(values) && values.set.length === 0) {
    throw MlError.usage(
      "the following arguments are required: --file/-f",
      "Or name its parts: --model, --code-configuration, --scoring-script, --environment.",
    );
  }
  const fromFlags = overridesOf(values, session.context.cwd);
  const { document } = await readSpecification("online-deployment", values, fromFlags, session);
  await ensureRoom(document, values, session);
  const created = await session.client.putDeployment(await registerParts(document, session.client), {
    create: true,
  });
  if (values.noWait) return withoutWaiting(created, values, session);
  const deployment = await waitUntilReady(created, session);
  await giveTraffic(deployment, values, session);
  return deploymentView(deployment);
}

/** Its endpoint is there and the name is free; with --local an endpoint is made, as Azure's command line does. */
async function ensureRoom(
  { name, endpoint_name: endpoint }: DeploymentDocument,
  { local }: CreateValues,
  { client }: Session,
): Promise<void> {
  if (local && (await orNull(client.getEndpoint(endpoint), "ENDPOINT_NOT_FOUND")) === null) {
    await client.putEndpoint(checked(endpointSpecSchema, { name: endpoint }, "endpoint"), { create: true });
    return;
  }
  if ((await orNull(client.getDeployment(endpoint, name), "DEPLOYMENT_NOT_FOUND")) !== null) {
    throw alreadyExists("deployment");
  }
}

function withoutWaiting(deployment: Deployment, { allTraffic }: CreateValues, { warn }: Session): JsonValue {
  const { name, endpoint_name: endpoint } = deployment;
  if (allTraffic) {
    warn(`--all-traffic has no effect with --no-wait: give ${name} its traffic once it is ready.`);
  }
  warn(`Being created. See how far it is with hostler ml online-deployment show -n ${name} -e ${endpoint}.`);
  return deploymentView(deployment);
}

/** Where there was no traffic at all, --local means the only deployment, as Azure's own local endpoints have it. */
async function giveTraffic(
  { name, endpoint_name: endpoint }: Deployment,
  { allTraffic, local }: CreateValues,
  { client }: Session,
): Promise<void> {
  const isIdle = async (): Promise<boolean> =>
    Object.values((await client.getEndpoint(endpoint)).traffic).every((share) => share === 0);
  if (allTraffic || (local && (await isIdle())))
    await client.putTraffic(endpoint, { traffic: { [name]: 100 } });
}
