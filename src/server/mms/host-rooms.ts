import { hostname } from "node:os";
import { BuiltInModels } from "../../core/hosting/built-in.ts";
import { ModelHost } from "../../core/hosting/model-host.ts";
import type { RegistrationDefaults, Registrar } from "../../core/hosting/registration.ts";
import { ModelRegistry } from "../../core/models/registry.ts";
import type { MemoryProbe } from "../../core/ports/memory-probe.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import { createPayloadCodec } from "../../protocols/http/payloads/codec.ts";
import { ArchiveStore } from "../../repositories/mar/archive-store.ts";
import { MarArchives } from "../../repositories/mar/model-archives.ts";
import { inspectModelFolder } from "../../repositories/sagemaker/inspect-folder.ts";
import { chooseInterpreter } from "../../runtimes/python/interpreter.ts";
import { PythonRuntime } from "../../runtimes/python/python-runtime.ts";
import { AccessLog } from "../../telemetry/access-log.ts";
import type { ServerLogger } from "../../telemetry/logger.ts";
import { HostMetrics } from "../../telemetry/host-metrics.ts";
import { ServerMetrics } from "../../telemetry/metrics.ts";
import { ProcessMemory } from "../../telemetry/process-memory.ts";
import { TorchserveMetrics } from "../../telemetry/torchserve-families.ts";
import { observeRequests } from "../../telemetry/request-observer.ts";
import { systemClock } from "../system-clock.ts";
import type { HostPlan } from "./host-plan.ts";

/** Routes that probes call, every few seconds. */
const healthRoutes = ["/ping"] as const;
const inferenceRoutes = [
  "/invocations",
  "/predictions/:model",
  "/models/:model/invoke",
  "/models/:name/invoke",
  "/:model/predict",
] as const;

/** What a model host is made of, wired. */
export interface HostRooms {
  readonly runtime: PythonRuntime;
  readonly store: ArchiveStore;
  readonly registrar: Registrar;
  readonly metrics: ServerMetrics;
  readonly accessLog: AccessLog;
  readonly observer: RequestObserver;
}

export function wireHost(plan: HostPlan, logger: ServerLogger, version: string): HostRooms {
  const { own, environment } = plan;
  const clock = systemClock;
  const interpreter = own.python ?? chooseInterpreter(null, {}).path;
  const runtime: PythonRuntime = new PythonRuntime({
    interpreter,
    workers: own.workers,
    environment: environment.variables,
    clock,
    logger,
    onRestart: (reason) => {
      metrics.workerRestarted(reason);
    },
  });
  const memory = new ProcessMemory(() => ({ front: process.pid, ...runtime.processes }));
  const hosted = new HostMetrics();
  const torchserve =
    plan.profile === "torchserve"
      ? new TorchserveMetrics({ hostname: hostname(), models: () => hosted.totals() })
      : null;
  const metrics = new ServerMetrics({
    registry: new ModelRegistry(own.versionPolicy),
    probe: memory,
    memoryBudgetBytes: own.memoryBudgetBytes,
    version,
    restPrefix: own.metricsRestServerPrefix,
    inferenceRoutes,
    healthRoutes,
    more: [...hosted.families, ...(torchserve?.families ?? [])],
  });
  const accessLog = new AccessLog({ mode: own.accessLog, logger, clock, healthRoutes });
  const host = hostOf(plan, { runtime, logger, memory, metrics, hosted });
  const store = new ArchiveStore();
  const registrar = { host, archives: archivesOf(plan, store), defaults: defaultsOf(plan, interpreter) };
  const observer = observeRequests(metrics, accessLog, ...(torchserve === null ? [] : [torchserve]));
  return { runtime, store, registrar, metrics, accessLog, observer };
}

interface HostParts {
  readonly runtime: PythonRuntime;
  readonly logger: ServerLogger;
  readonly memory: MemoryProbe;
  readonly metrics: ServerMetrics;
  readonly hosted: HostMetrics;
}

function hostOf(plan: HostPlan, { runtime, logger, memory, metrics, hosted }: HostParts): ModelHost {
  const { own, mms, container } = plan;
  const clock = systemClock;
  const builtIn = new BuiltInModels({
    clock,
    meter: metrics,
    runtime,
    codec: createPayloadCodec({ defaultAccept: container?.defaultAccept ?? null }),
    queueLimit: mms.jobQueueSize,
    epochMs: Date.now,
  });
  return new ModelHost({
    clock,
    logger,
    launcher: { start: (launch, log) => runtime.startHandler(launch, log) },
    builtIn,
    log: (model, source, text) => {
      logger.info("handler", { model, source, text });
    },
    meter: hosted,
    memory,
    memoryBudgetBytes: own.memoryBudgetBytes,
    jobQueueSize: mms.jobQueueSize,
    loadTimeoutMs: plan.loadTimeoutMs,
    unregisterTimeoutMs: mms.unregisterTimeoutMs,
    gpus: mms.gpus,
    hasVersions: plan.profile === "torchserve",
  });
}

function archivesOf({ mms, environment, onlyModelFolder }: HostPlan, store: ArchiveStore): MarArchives {
  const { modelStore, allowsDownload, defaultHandler } = mms;
  const program = environment.variables["SAGEMAKER_PROGRAM"];
  return new MarArchives({
    store,
    modelStore: onlyModelFolder ?? modelStore,
    allowsDownload,
    downloadHint: "The operator allows places with allowed_urls in config.properties.",
    // A handler for all models is what the operator wants: then files are not looked at.
    ...(defaultHandler === null ? { inspect: (folder) => inspectModelFolder(folder, program) } : {}),
  });
}

/** As torch-model-archiver's examples have it. */
const unnamedVersion = "1.0";
/** As MMS has them. */
const batchSize = 1;
const maxBatchDelayMs = 100;

function defaultsOf({ mms, environment, profile }: HostPlan, interpreter: string): RegistrationDefaults {
  const { defaultHandler, responseTimeoutMs, decodesInput, hidesVariable } = mms;
  return {
    handler: defaultHandler,
    // A LOAD in a container answers when the model can be called.
    workers: profile === "sagemaker" ? mms.workersPerModel : mms.workersOfRegistered,
    ...(profile === "torchserve" ? { version: unnamedVersion } : {}),
    batchSize,
    maxBatchDelayMs,
    responseTimeoutMs,
    interpreter,
    decodesInput,
    variables: {},
    hiddenVariables: Object.keys(environment.variables).filter(hidesVariable),
  };
}
