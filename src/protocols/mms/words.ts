import type { Registered } from "../../core/hosting/registration.ts";
import type { HostedModelDescription, ScaleOutcome } from "../../core/hosting/hosted-model-spec.ts";
import type { MmsProfile } from "./context.ts";
import { type MmsReply, statusReply } from "./reply.ts";

/** What the management API says when something went well, word for word. */

const inProgress = "Processing worker updates...";

export function registeredReply(
  profile: MmsProfile,
  { name, version, workers, outcome }: Registered,
): MmsReply {
  if (outcome === "scaling") return statusReply(202, inProgress);
  if (profile === "torchserve") {
    const label = `Model "${name}" Version: ${version ?? ""}`;
    const hint = workers === 0 ? ". Use scale workers API to add workers for the model." : "";
    return statusReply(200, `${label} registered with ${String(workers)} initial workers${hint}`);
  }
  return statusReply(200, outcome === "registered" ? `Model "${name}" registered` : "Workers scaled");
}

interface ScaledModel {
  readonly model: string;
  /** Null where the caller named none. */
  readonly version: string | null;
  readonly workers: number;
}

export function scaledReply(
  profile: MmsProfile,
  outcome: ScaleOutcome,
  { model, version, workers }: ScaledModel,
): MmsReply {
  if (outcome === "scaling") return statusReply(202, inProgress);
  if (outcome === "partial") return statusReply(210, "Workers scaling in progress...");
  if (profile === "mms") return statusReply(200, "Workers scaled");
  const which = version === null ? model : `${model}, version: ${version}`;
  return statusReply(200, `Workers scaled to ${String(workers)} for model: ${which}`);
}

export function unregisteredReply(model: string): MmsReply {
  return statusReply(200, `Model "${model}" unregistered`);
}

export function defaultSetReply(model: string, version: string): MmsReply {
  return statusReply(200, `Default version successfully updated for model "${model}" to "${version}"`);
}

/** Undefined fields are left out, as Gson leaves out nulls. */
export function describedModel(model: HostedModelDescription): object {
  return {
    modelName: model.name,
    modelVersion: model.version ?? undefined,
    modelUrl: model.url,
    engine: model.engine ?? undefined,
    runtime: model.runtime,
    minWorkers: model.minWorkers,
    maxWorkers: model.maxWorkers,
    batchSize: model.batchSize,
    maxBatchDelay: model.maxBatchDelayMs,
    loadedAtStartup: model.loadedAtStartup,
    workers: model.workers.map(({ id, startedAt, status, gpuId, memoryBytes }) => ({
      id,
      startTime: startedAt === 0 ? undefined : new Date(startedAt).toISOString(),
      status,
      gpu: gpuId !== null,
      memoryUsage: memoryBytes,
    })),
  };
}
