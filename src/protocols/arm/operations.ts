import type { ProvisioningState } from "../../contracts/control/endpoint.ts";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall, ArmReply } from "./context.ts";
import { armErrorBody } from "./errors.ts";

/**
 * What takes time, as clients ask for it. Nothing is kept: the name of an operation says what it works on, and that
 * has a state of its own, also after a restart.
 */
export type LongOperation =
  | { readonly kind: "put-endpoint" | "delete-endpoint"; readonly endpoint: string }
  | {
      readonly kind: "put-deployment" | "delete-deployment";
      readonly endpoint: string;
      readonly deployment: string;
    };

/** A question for the state of an operation is held this long if it is not over yet, which spares clients their pause. */
const holdMs = 2_000;
/** What a client is asked to wait, in milliseconds. azure-core would wait 5 or 30 seconds, and takes 0 for nothing said. */
export const retryAfterMs = "100";

export function operationUrl(call: ArmCall, operation: LongOperation): string {
  const { subscription } = call.scope;
  const parts =
    "deployment" in operation
      ? [operation.kind, operation.endpoint, operation.deployment]
      : [operation.kind, operation.endpoint];
  return `${call.origin}/subscriptions/${subscription}/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/${parts.join(":")}?api-version=2022-02-01-preview`;
}

export function isFinal(state: ProvisioningState): boolean {
  return state === "Succeeded" || state === "Failed" || state === "Canceled";
}

export async function getOperation(call: ArmCall): Promise<ArmReply> {
  const id = call.param("operation");
  const outcome = await outcomeOf(call, operationOf(id));
  const body = {
    id: `/subscriptions/${call.scope.subscription}/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/${id}`,
    name: id,
    status: outcome.status,
    ...(outcome.reason === null ? {} : { error: armErrorBody("ResourceNotReady", outcome.reason) }),
  };
  return { status: outcome.status === "InProgress" ? 202 : 200, body };
}

function operationOf(id: string): LongOperation {
  const [kind, first, second] = id.split(":");
  const endpoint = endpointNameSchema.safeParse(first);
  const deployment = deploymentNameSchema.safeParse(second);
  if (endpoint.success) {
    if (kind === "put-endpoint" || kind === "delete-endpoint") return { kind, endpoint: endpoint.data };
    if (deployment.success && (kind === "put-deployment" || kind === "delete-deployment")) {
      return { kind, endpoint: endpoint.data, deployment: deployment.data };
    }
  }
  throw new ServingError("ROUTE_NOT_FOUND", `No such operation: ${id.slice(0, 200)}`);
}

interface Outcome {
  readonly status: "InProgress" | "Succeeded" | "Failed" | "Canceled";
  readonly reason: string | null;
}

async function outcomeOf(call: ArmCall, operation: LongOperation): Promise<Outcome> {
  const isDeletion = operation.kind === "delete-endpoint" || operation.kind === "delete-deployment";
  try {
    const { provisioning_state: state, reason } = await targetOf(call, operation);
    if (isDeletion || state === "Deleting") return { status: "InProgress", reason: null };
    if (state === "Failed") return { status: state, reason: reason ?? "It failed; the logs say why." };
    const isOver = state === "Succeeded" || state === "Canceled";
    return { status: isOver ? state : "InProgress", reason: null };
  } catch (error) {
    const { code } = ServingError.from(error);
    const isGone = code === "ENDPOINT_NOT_FOUND" || code === "DEPLOYMENT_NOT_FOUND";
    if (!isGone) throw error;
    if (isDeletion) return { status: "Succeeded", reason: null };
    return { status: "Canceled", reason: "It was deleted in the meantime." };
  }
}

async function targetOf(
  { context }: ArmCall,
  operation: LongOperation,
): Promise<{ readonly provisioning_state: ProvisioningState; readonly reason?: string | null }> {
  const endpoint = endpointNameSchema.parse(operation.endpoint);
  if (!("deployment" in operation)) return context.endpoints.get(endpoint);
  const deployment = deploymentNameSchema.parse(operation.deployment);
  return context.deployments.get(endpoint, deployment, holdMs);
}
