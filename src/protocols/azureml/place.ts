import { ServingError } from "../../contracts/serving-error.ts";
import type { Lease, LiveDeployment } from "../../core/ports/endpoint-directory.ts";
import type { Patience } from "./patience.ts";

/**
 * A place on an instance of the deployment, now or as soon as there is one.
 *
 * @throws ServingError QUEUE_FULL, INSTANCE_NOT_READY
 */
export function takePlace(deployment: LiveDeployment, patience: Patience): Lease | Promise<Lease> {
  const admission = deployment.admit();
  if (admission.kind === "admitted") return admission.lease;
  if (admission.kind === "refused") {
    const { reason, retryAfterS } = admission;
    throw reason === "not-ready"
      ? notReady(deployment)
      : new ServingError("QUEUE_FULL", `Deployment ${deployment.name} has all the calls that it may have.`, {
          retryAfterS,
        });
  }
  return patience.until(admission.lease).catch((error: unknown) => {
    admission.abandon();
    throw error;
  });
}

/** Why a call ended that had no answer in time. */
export function lateError(deployment: LiveDeployment): ServingError {
  if (!deployment.isReady) return notReady(deployment);
  const limit = String(deployment.timeoutMs);
  return new ServingError(
    "DEADLINE_EXCEEDED",
    `Deployment ${deployment.name} did not answer within ${limit} ms.`,
    {
      field: "request_settings.request_timeout_ms",
      got: limit,
      hint: "A longer time-out or more instances may help.",
    },
  );
}

/** Why a call ended whose instance went away. */
export function lostError({ endpoint, name }: LiveDeployment, reason: string): ServingError {
  return new ServingError("WORKER_DIED", `The instance of deployment ${name} gave no answer: ${reason}.`, {
    hint: `hostler ml online-deployment get-logs -n ${name} -e ${endpoint} shows what it wrote.`,
  });
}

function notReady({ endpoint, name }: LiveDeployment): ServingError {
  return new ServingError("INSTANCE_NOT_READY", `No instance of deployment ${name} is ready.`, {
    retryAfterS: 1,
    hint: `hostler ml online-deployment get-logs -n ${name} -e ${endpoint} shows what its instances wrote.`,
  });
}
