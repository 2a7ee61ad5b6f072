import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "../../../contracts/control/deployment.ts";
import type { Endpoint, ProvisioningState } from "../../../contracts/control/endpoint.ts";
import { MlError } from "../ml-error.ts";
import type { Session } from "../session.ts";
import { orNull } from "./refusals.ts";

/** How long one question is held back by the control plane: shorter where somebody watches. */
const watchedS = 1;
const unwatchedS = 30;
/** Between questions that the control plane answers at once. */
const pauseMs = 100;
/** Lines of its log that are shown with a failure. */
const linesOfFailure = 20;

/** The deployment once it is ready; what became of it, with the end of its log, where it failed. */
export async function waitUntilReady(
  { endpoint_name: endpoint, name }: Pick<Deployment, "endpoint_name" | "name">,
  session: Session,
): Promise<Deployment> {
  const deployment = await watch(endpoint, name, session);
  if (deployment.provisioning_state === "Succeeded") return deployment;
  throw await failure(deployment, session);
}

/** Resolves when it is gone. */
export async function waitUntilGone(endpoint: string, name: string, session: Session): Promise<void> {
  const { client } = session;
  await withProgress(`Deleting ${name}`, session, async (seconds) => {
    const left = await orNull(
      client.waitForDeployment(endpoint, name, seconds),
      "DEPLOYMENT_NOT_FOUND",
      "ENDPOINT_NOT_FOUND",
    );
    if (left !== null) await delay(pauseMs);
    return left === null ? true : undefined;
  });
}

export async function waitForEndpoint(endpoint: Endpoint, session: Session): Promise<Endpoint> {
  if (isFinal(endpoint.provisioning_state)) return endpoint;
  return await withProgress(`Endpoint ${endpoint.name}`, session, async () => {
    await delay(pauseMs);
    const now = await session.client.getEndpoint(endpoint.name);
    return isFinal(now.provisioning_state) ? now : undefined;
  });
}

export async function waitUntilEndpointGone(name: string, session: Session): Promise<void> {
  await withProgress(`Deleting ${name}`, session, async () => {
    const left = await orNull(session.client.getEndpoint(name), "ENDPOINT_NOT_FOUND");
    if (left !== null) await delay(pauseMs);
    return left === null ? true : undefined;
  });
}

async function watch(endpoint: string, name: string, session: Session): Promise<Deployment> {
  return await withProgress(`Deployment ${name}`, session, async (seconds) => {
    const deployment = await session.client.waitForDeployment(endpoint, name, seconds);
    return isFinal(deployment.provisioning_state) ? deployment : undefined;
  });
}

/** Asks until there is an answer, and says meanwhile that it is waiting, and for how long. */
async function withProgress<T>(
  what: string,
  { context, progress }: Session,
  ask: (seconds: number) => Promise<T | undefined>,
): Promise<T> {
  const isWatched = context.terminal.err.isTty;
  const start = performance.now();
  try {
    for (;;) {
      const answer = await ask(isWatched ? watchedS : unwatchedS);
      if (answer !== undefined) return answer;
      progress.show(`${what} … ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
  } finally {
    progress.end();
  }
}

function isFinal(state: ProvisioningState): boolean {
  return state === "Succeeded" || state === "Failed" || state === "Canceled";
}

async function failure(deployment: Deployment, { client }: Session): Promise<MlError> {
  const { name, endpoint_name: endpoint, provisioning_state: state } = deployment;
  const reason = deployment.reason ?? "no reason was given";
  // A reason of several lines has the end of the log in it.
  const log = reason.includes("\n")
    ? ""
    : await client.logs(endpoint, name, { lines: linesOfFailure }).catch(() => "");
  const message = `Deployment ${name} of endpoint ${endpoint}: ${state}: ${reason}`;
  return new MlError(log.trim() === "" ? message : `${message}\n${log.trimEnd()}`, {
    hint: `All of its log: hostler ml online-deployment get-logs -n ${name} -e ${endpoint}`,
  });
}
