import { z } from "zod";
import type { Deployment, DeploymentSpec } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall, ArmReply } from "./context.ts";
import { registerCurated } from "./curated.ts";
import { decodeDeployment, encodeDeployment } from "./deployment-resource.ts";
import { deploymentNameOf, endpointNameOf } from "./ids.ts";
import { mergePatch, validated, wordSchema } from "./json.ts";
import { operationUrl } from "./operations.ts";

export async function listDeployments(call: ArmCall): Promise<ArmReply> {
  const all = await call.context.deployments.list(endpointNameOf(call));
  return { status: 200, body: { value: all.map((deployment) => encodeDeployment(call, deployment)) } };
}

export async function getDeployment(call: ArmCall): Promise<ArmReply> {
  const deployment = await call.context.deployments.get(endpointNameOf(call), deploymentNameOf(call));
  return { status: 200, body: encodeDeployment(call, deployment) };
}

export async function putDeployment(call: ArmCall): Promise<ArmReply> {
  const [endpoint, name] = [endpointNameOf(call), deploymentNameOf(call)];
  const [existing, body] = await Promise.all([find(call), call.body()]);
  return put(call, decodeDeployment(endpoint, name, body), existing === null ? 201 : 200);
}

/** Tags, the number of instances and whatever else is given; what is left out stays. */
export async function patchDeployment(call: ArmCall): Promise<ArmReply> {
  const [endpoint, name] = [endpointNameOf(call), deploymentNameOf(call)];
  const [existing, patch] = await Promise.all([call.context.deployments.get(endpoint, name), call.body()]);
  const body = mergePatch(encodeDeployment(call, existing), patch);
  return put(call, decodeDeployment(endpoint, name, body), 200);
}

async function put(call: ArmCall, spec: DeploymentSpec, status: number): Promise<ArmReply> {
  if (spec.environment !== null) await registerCurated(call.context.assets, spec.environment);
  const deployment = await call.context.deployments.put(spec, { actor: call.actor, create: false });
  const body = encodeDeployment(call, deployment);
  // Of a failure too there is an operation: nothing else carries the reason to the client.
  if (deployment.provisioning_state === "Succeeded") return { status, body };
  const { endpoint_name: endpoint, name } = spec;
  return {
    status,
    body,
    operationUrl: operationUrl(call, { kind: "put-deployment", endpoint, deployment: name }),
  };
}

export async function deleteDeployment(call: ArmCall): Promise<ArmReply> {
  const [endpoint, deployment] = [endpointNameOf(call), deploymentNameOf(call)];
  if ((await find(call)) === null) return { status: 204, body: null };
  await call.context.deployments.delete(endpoint, deployment, call.actor);
  const operation = { kind: "delete-deployment", endpoint, deployment } as const;
  return { status: 202, body: null, operationUrl: operationUrl(call, operation) };
}

const logsSchema = z.object({
  containerType: wordSchema({
    inferenceserver: "inference-server",
    storageinitializer: "storage-initializer",
    modeldatacollector: "inference-server",
  }),
  tail: z.int().min(1).nullish(),
});

/** As many lines as Azure gives to who does not say. */
const defaultLines = 5_000;

export async function getLogs(call: ArmCall): Promise<ArmReply> {
  const { containerType, tail } = validated(logsSchema, (await call.body()) ?? {});
  const content = await call.context.deployments.logs(endpointNameOf(call), deploymentNameOf(call), {
    lines: tail ?? defaultLines,
    container: containerType ?? "inference-server",
  });
  return { status: 200, body: { content } };
}

/** Every machine is the same here: this one. */
export async function listSkus(call: ArmCall): Promise<ArmReply> {
  await call.context.deployments.get(endpointNameOf(call), deploymentNameOf(call));
  const sku = {
    resourceType: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
    sku: { name: "Default", tier: "Standard" },
    capacity: { default: 1, minimum: 1, maximum: 50, scaleType: "Manual" },
  };
  return { status: 200, body: { value: [sku] } };
}

async function find(call: ArmCall): Promise<Deployment | null> {
  try {
    return await call.context.deployments.get(endpointNameOf(call), deploymentNameOf(call));
  } catch (error) {
    if (ServingError.from(error).code === "DEPLOYMENT_NOT_FOUND") return null;
    throw error;
  }
}
