import { readdirSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ServerSettings, SettingOrigins } from "../../contracts/settings.ts";
import { Environment } from "../../repositories/mlserver/environment.ts";
import { readServerSettings } from "../../repositories/mlserver/settings.ts";
import { readConfigFile } from "../../repositories/mms/config-file.ts";
import { readMmsSettings } from "../../repositories/mms/read-settings.ts";
import {
  readSagemakerContainer,
  type SagemakerContainer,
} from "../../repositories/mms/sagemaker-variables.ts";
import { type ListenAddress, parseListenAddress } from "../../repositories/mms/listen-address.ts";
import type { MmsSettings } from "../../repositories/mms/settings.ts";
import { Complaint } from "../../repositories/shared/complaint.ts";
import { checkExposure } from "../authentication.ts";
import type { HostProfile, HostRequest } from "./host-request.ts";

/** Everything that was settled before anything runs. */
export interface HostPlan {
  readonly profile: HostProfile;
  /** hostler's own settings: interpreter, memory, log. */
  readonly own: ServerSettings;
  readonly origins: SettingOrigins;
  readonly environment: Environment;
  readonly mms: MmsSettings;
  /** Where metrics have a listener of their own; null: nowhere. */
  readonly metrics: ListenAddress | null;
  /** Set in a SageMaker container. */
  readonly container: SagemakerContainer | null;
  /** The only model of a single-model container; null elsewhere. */
  readonly onlyModelFolder: string | null;
  readonly loadTimeoutMs: number;
  readonly notices: readonly string[];
}

/** How long MMS gives a model to load is a minute, which large ones exceed; nobody waits longer than this. */
const loadTimeoutMs = 600_000;

/** Reads all settings; rejects with INVALID_SETTINGS. */
export async function planHost(request: HostRequest): Promise<HostPlan> {
  const { profile, variables, cwd, flags, version } = request;
  const environment = await Environment.read(cwd, variables);
  const {
    settings: own,
    origins,
    notices,
  } = await readServerSettings({ folder: null, flags, environment, version });
  const { container, mms } = await settled(request).catch((error: unknown) => {
    throw error instanceof Complaint ? error.toServingError() : error;
  });
  const metrics = metricsAddress(profile, mms);
  if (profile !== "sagemaker") checkAddresses(mms, metrics, own);
  const isSingle = container?.isMultiModel === false;
  const onlyModelFolder = isSingle ? (request.folder ?? container.modelFolder) : null;
  return {
    profile,
    own: container === null ? own : inContainer(own, origins, container),
    origins,
    environment,
    mms,
    metrics,
    container,
    onlyModelFolder,
    loadTimeoutMs: container?.startupTimeoutMs ?? loadTimeoutMs,
    notices: [...notices, ...mms.notices],
  };
}

interface Settled {
  readonly container: SagemakerContainer | null;
  readonly mms: MmsSettings;
}

async function settled({
  profile,
  config,
  modelStore,
  models,
  folder,
  variables,
  cwd,
}: HostRequest): Promise<Settled> {
  const container = profile === "sagemaker" ? readSagemakerContainer(variables) : null;
  const properties = container?.properties ?? (await readConfigFile({ file: config, variables, cwd }));
  const store = modelStore ?? folder ?? undefined;
  const flags = {
    ...(store === undefined ? {} : { modelStore: store }),
    ...(models === undefined ? {} : { models }),
  };
  const machine = { cpus: availableParallelism(), gpus: countGpus() };
  return { container, mms: readMmsSettings({ properties, flags, variables, cwd, machine }) };
}

/** TorchServe has a listener for metrics always; Multi Model Server here where the configuration names one. */
function metricsAddress(profile: HostProfile, { metrics }: MmsSettings): ListenAddress | null {
  if (profile !== "torchserve") return profile === "mms" ? metrics : null;
  return metrics ?? parseListenAddress("http://127.0.0.1:8082") ?? null;
}

/** Off loopback without keys the server does not start, whichever of its listeners it is. */
function checkAddresses(
  { inference, management }: MmsSettings,
  metrics: ListenAddress | null,
  own: ServerSettings,
): void {
  const addresses = [
    ["inference_address", inference],
    ["management_address", management],
    ["metrics_address", metrics],
  ] as const;
  for (const [key, address] of addresses) {
    if (address?.kind === "tcp") checkExposure({ ...own, host: address.host }, key);
  }
}

/** What the platform says, or is known to mean, counts where hostler's own settings do not say it. */
function inContainer(
  own: ServerSettings,
  origins: SettingOrigins,
  { logLevel, isMultiModel }: SagemakerContainer,
): ServerSettings {
  return {
    ...own,
    logLevel: origins.logLevel === "default" ? logLevel : own.logLevel,
    memoryBudgetBytes: own.memoryBudgetBytes ?? (isMultiModel ? containerBudget() : null),
  };
}

/** What is left to the system, so that a load that does not fit is refused before somebody is killed for it. */
const budgetShare = 0.9;

/** The container's memory, or that of the machine where nothing bounds the container. */
function containerBudget(): number {
  const bound = process.constrainedMemory();
  return Math.floor((bound > 0 ? Math.min(bound, totalmem()) : totalmem()) * budgetShare);
}

/** NVIDIA's driver has a file for each. */
function countGpus(): number {
  try {
    return readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

/** The folder that the models of the start are looked for in. */
export function requireStore({ modelStore }: MmsSettings): string {
  if (modelStore !== null) return join(modelStore);
  throw new ServingError("INVALID_SETTINGS", "load_models: there is no model_store to load models from.", {
    field: "model_store",
    hint: "Name a folder with --model-store, or with model_store in config.properties.",
  });
}
