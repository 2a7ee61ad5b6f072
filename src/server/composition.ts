import { availableParallelism } from "node:os";
import type { FastifyInstance } from "fastify";
import type { ModelSnapshot } from "../contracts/snapshot.ts";
import type { ServerSettings, SettingOrigins } from "../contracts/settings.ts";
import { ModelRegistry } from "../core/models/registry.ts";
import type { MemoryProbe } from "../core/ports/memory-probe.ts";
import type { RequestObserver } from "../core/ports/request-observer.ts";
import { Residency } from "../core/residency/residency.ts";
import { InferenceEngine, type StartReport } from "../core/serving/inference-engine.ts";
import type { Environment } from "../repositories/mlserver/environment.ts";
import { MlserverRepository } from "../repositories/mlserver/repository.ts";
import { chooseInterpreter, type Interpreter } from "../runtimes/python/interpreter.ts";
import { type PreparedEnvironments, PythonRuntime } from "../runtimes/python/python-runtime.ts";
import { AccessLog } from "../telemetry/access-log.ts";
import type { ServerLogger } from "../telemetry/logger.ts";
import { ServerMetrics } from "../telemetry/metrics.ts";
import { ProcessMemory } from "../telemetry/process-memory.ts";
import { observeRequests } from "../telemetry/request-observer.ts";
import { healthRoutes, inferenceRoutes } from "./observed-routes.ts";
import { snapshotsOf } from "./snapshots.ts";
import { within } from "./stopping.ts";
import { systemClock } from "./system-clock.ts";

export interface CompositionRequest {
  readonly folder: string;
  readonly settings: ServerSettings;
  readonly origins: SettingOrigins;
  readonly environment: Environment;
  readonly logger: ServerLogger;
  /** hostler's own version. */
  readonly version: string;
}

export interface Listening {
  readonly url: string;
  readonly metricsUrl: string | null;
}

/** Every room, wired; and the order in which they start and stop. */
export class Composition {
  readonly interpreter: Interpreter;
  readonly engine: InferenceEngine;
  /** Measures the whole process tree. */
  readonly memory: MemoryProbe;
  readonly #request: CompositionRequest;
  readonly #runtime: PythonRuntime;
  readonly #metrics: ServerMetrics;
  readonly #accessLog: AccessLog;
  readonly #forced = Promise.withResolvers<undefined>();
  #listeners: { stop(): Promise<void> } | null = null;
  #stopping: Promise<void> | null = null;

  constructor(request: CompositionRequest) {
    const { folder, settings, origins, environment, logger, version } = request;
    const clock = systemClock;
    this.#request = request;
    this.interpreter =
      settings.python === null
        ? chooseInterpreter(null, {})
        : { path: settings.python, reason: origins.python };
    const registry = new ModelRegistry(settings.versionPolicy);
    this.#runtime = new PythonRuntime({
      interpreter: this.interpreter.path,
      workers: settings.workers,
      environment: environment.variables,
      clock,
      logger,
      onRestart: (reason) => {
        this.#metrics.workerRestarted(reason);
      },
    });
    const probe = new ProcessMemory(() => ({ front: process.pid, ...this.#runtime.processes }));
    this.memory = probe;
    this.#metrics = new ServerMetrics({
      registry,
      probe,
      memoryBudgetBytes: settings.memoryBudgetBytes,
      version,
      restPrefix: settings.metricsRestServerPrefix,
      inferenceRoutes,
      healthRoutes,
    });
    this.#accessLog = new AccessLog({ mode: settings.accessLog, logger, clock, healthRoutes });
    const residency = new Residency({
      clock,
      logger,
      meter: this.#metrics,
      runtime: this.#runtime,
      probe,
      budgetBytes: settings.memoryBudgetBytes,
      concurrentLoads: availableParallelism(),
    });
    const source = new MlserverRepository({ root: folder, environment, settings });
    const { queueLimit } = settings;
    this.engine = new InferenceEngine({
      clock,
      logger,
      meter: this.#metrics,
      registry,
      residency,
      source,
      queueLimit,
    });
  }

  /** Reads the folder. */
  discover(): Promise<StartReport> {
    return this.engine.discover({ register: this.#request.settings.loadModelsAtStartup });
  }

  /** Begins to import what the models need: that takes longest, so it comes first. Resolves when it has begun. */
  async prepare(): Promise<PreparedEnvironments> {
    const { logger } = this.#request;
    const specs = [...this.engine.registry.versions()].map(({ spec }) => spec);
    if (specs.length === 0) return { reports: Promise.resolve([]) };
    const prepared = await this.#runtime.prepare(specs);
    void prepared.reports.then((environments) => {
      for (const { interpreter, python, frameworks } of environments) {
        const reason = interpreter === this.interpreter.path ? this.interpreter.reason : "environment_path";
        logger.info("python environment", { interpreter, reason, python, frameworks });
      }
    });
    return prepared;
  }

  /** Runs Python processes; also those of others who live in this composition. */
  get python(): PythonRuntime {
    return this.#runtime;
  }

  /** The variables that processes of this server are given. */
  get variables(): NodeJS.ProcessEnv {
    return this.#request.environment.variables;
  }

  /** Prometheus text of everything here. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    return this.#metrics.exposition();
  }

  /** @param attach puts the routes of others on the data port */
  async listen(attach?: (app: FastifyInstance, observer: RequestObserver) => void): Promise<Listening> {
    // Imported late: Python is importing its frameworks meanwhile, on the other core.
    const { openListeners } = await import("./listeners.ts");
    const { settings, version } = this.#request;
    const listeners = await openListeners({
      settings,
      version,
      engine: this.engine,
      clock: systemClock,
      observer: observeRequests(this.#metrics, this.#accessLog),
      exposition: () => this.exposition(),
      models: () => this.snapshot(),
      ...(attach === undefined ? {} : { attach }),
    });
    this.#listeners = listeners;
    return listeners;
  }

  /** Loads what is to be in memory from the start. */
  async load(): Promise<void> {
    const { lazy, loadModelsAtStartup } = this.#request.settings;
    if (lazy || !loadModelsAtStartup) this.engine.markStarted();
    else await this.engine.loadAll();
  }

  snapshot(): readonly ModelSnapshot[] {
    return snapshotsOf(this.engine.registry);
  }

  /** A second call with `force` cuts the first one short. */
  stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (force) this.#forced.resolve(undefined);
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { settings, logger } = this.#request;
    const drained = Promise.race([this.engine.drain(), this.#forced.promise]);
    if ((await within(drained, settings.drainTimeoutMs)) === "late") {
      logger.warn("calls are still under way and are given up", { after_ms: settings.drainTimeoutMs });
    }
    this.engine.abandonCalls();
    // Workers end while replies leave; a call that was still running gets its error through its worker's end.
    await Promise.all([this.#listeners?.stop(), this.#runtime.stop()]);
    this.#accessLog.stop();
    logger.info("stopped");
    logger.stop();
  }
}
