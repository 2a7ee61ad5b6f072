import { ServingError } from "../../contracts/serving-error.ts";
import type { BuiltInLauncher } from "../ports/built-in-launcher.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  HandlerLauncher,
  HandlerLog,
  HandlerProcess,
  HandlerRequest,
} from "../ports/handler-launcher.ts";
import type { HostMeter } from "../ports/host-meter.ts";
import type { Logger } from "../ports/logger.ts";
import type { MemoryProbe } from "../ports/memory-probe.ts";
import type { HostedCall } from "./hosted-call.ts";
import { HostedModel } from "./hosted-model.ts";
import type {
  HostedModelDescription,
  HostedModelSpec,
  HostHealth,
  ModelPage,
  RegisterOptions,
  RegisterOutcome,
  ScaleOptions,
  ScaleOutcome,
} from "./hosted-model-spec.ts";
import { HostedWorker } from "./hosted-worker.ts";
import { MemoryGate } from "./memory-gate.ts";
import { ModelTable } from "./model-table.ts";
import { refusedCall } from "./pending-invoke.ts";
import { shuttingDown } from "./refusals.ts";
import { checkWorkers } from "./worker-count.ts";

export interface ModelHostOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: HandlerLauncher;
  /** Null: models of our own runtimes cannot be hosted. */
  readonly builtIn?: BuiltInLauncher | null;
  readonly meter?: HostMeter | null;
  /** Takes what the handlers write. */
  readonly log?: (model: string, source: "stdout" | "stderr" | "hostler", text: string) => void;
  /** Measures the whole process tree; null, like a null budget: memory has no bound but the machine's. */
  readonly memory: MemoryProbe | null;
  readonly memoryBudgetBytes: number | null;
  /** Calls that wait for a model, at most. */
  readonly jobQueueSize: number;
  /** After this time a load has failed. */
  readonly loadTimeoutMs: number;
  /** How long the calls of a model that goes away have to end. */
  readonly unregisterTimeoutMs: number;
  /** GPUs to spread the workers over; 0: none. */
  readonly gpus: number;
  /** Whether models of one name and several versions may be there together, as in TorchServe. */
  readonly hasVersions: boolean;
}

/**
 * Hosts models behind a management API: loads them into workers of their own, lets their calls wait in a bounded line,
 * batches them as the model's settings say, and replaces workers that die. What leads to what stands in SPEC.md.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #gate: MemoryGate;
  readonly #table: ModelTable;
  /** Models that are being unloaded, by the key that the next one of their name waits for. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** The same models: a stop lets none of them take longer than it gives the others. */
  readonly #departing = new Set<HostedModel>();
  #workers = 0;
  #isStopping = false;

  constructor(options: ModelHostOptions) {
    this.#options = options;
    const { memory, memoryBudgetBytes: budgetBytes, clock } = options;
    this.#gate = new MemoryGate({ memory, budgetBytes, clock });
    this.#table = new ModelTable(options.hasVersions);
  }

  /**
   * Resolves when the model is ready, or at once where it was asked to; nothing stays registered when it rejects.
   *
   * @throws ServingError ALREADY_EXISTS while a model of the name is loaded or loading, OUT_OF_MEMORY, MODEL_LOAD_FAILED,
   *   SHUTTING_DOWN
   */
  async register(spec: HostedModelSpec, options: RegisterOptions): Promise<RegisterOutcome> {
    const model = this.#modelOf(spec, options);
    try {
      if (this.#isStopping) throw shuttingDown();
      this.#table.add(model);
    } catch (error) {
      await spec.release?.();
      throw error;
    }
    if (options.synchronous) {
      await this.#load(model);
      return options.minWorkers === 0 ? "registered" : "scaled";
    }
    this.#load(model).catch((error: unknown) => {
      const { message } = ServingError.from(error);
      this.#options.logger.error("A model could not be loaded", { model: spec.name, reason: message });
    });
    return options.minWorkers === 0 ? "registered" : "scaling";
  }

  /**
   * Workers that could not be started stay wanted, and are tried again.
   *
   * @throws ServingError MODEL_NOT_FOUND, INVALID_REQUEST where the numbers do not fit; MODEL_LOAD_FAILED, OUT_OF_MEMORY
   *   where it is waited for
   */
  async scale(name: string, options: ScaleOptions, version: string | null = null): Promise<ScaleOutcome> {
    const { minWorkers, maxWorkers } = options;
    const model = this.#table.require(name, version);
    if (maxWorkers < minWorkers) {
      throw new ServingError("INVALID_REQUEST", "max_worker cannot be less than min_worker.", {
        field: "max_worker",
        expected: `at least ${String(minWorkers)}`,
        got: String(maxWorkers),
      });
    }
    checkWorkers("min_worker", minWorkers);
    return model.scale(options);
  }

  /**
   * Takes no further calls, lets those that are there end, and ends the workers; resolves when their memory is back.
   *
   * @throws ServingError MODEL_NOT_FOUND, FORBIDDEN for the default of several versions
   */
  async unregister(name: string, version: string | null = null): Promise<void> {
    const model = this.#table.require(name, version);
    if (this.#table.isDefault(model) && this.#table.versionsOf(name).length > 1) {
      const text = `Cannot remove default version for model ${name}`;
      throw new ServingError("FORBIDDEN", text, { model: name, hint: "Make another one the default first." });
    }
    this.#table.remove(model);
    await this.#leave(model, () => model.retire(this.#options.unregisterTimeoutMs));
  }

  /** @throws ServingError MODEL_NOT_FOUND */
  setDefault(name: string, version: string): void {
    this.#table.setDefault(name, version);
  }

  has(name: string): boolean {
    return this.#table.has(name);
  }

  /** @throws ServingError MODEL_NOT_FOUND */
  async describe(name: string, version: string | null = null): Promise<HostedModelDescription> {
    const model = this.#table.require(name, version);
    return model.describe(this.#table.isDefault(model));
  }

  /** All versions, in the order they came. @throws ServingError MODEL_NOT_FOUND */
  async describeAll(name: string): Promise<readonly HostedModelDescription[]> {
    const models = this.#table.versionsOf(name);
    if (models.length === 0) throw this.#table.notFound(name, null);
    return Promise.all(models.map((model) => model.describe(this.#table.isDefault(model))));
  }

  list(page: { readonly limit: number; readonly token: number }): ModelPage {
    return this.#table.page(page);
  }

  /** The name of the model that the server was started with, where it was started with one only; null otherwise. */
  get onlyStartupName(): string | null {
    const names = new Set<string>();
    for (const { spec, options } of this.#table.all()) if (options.loadedAtStartup) names.add(spec.name);
    const [only] = names;
    return names.size === 1 && only !== undefined ? only : null;
  }

  get health(): HostHealth {
    let wanted = 0;
    let running = 0;
    for (const model of this.#table.all()) {
      if (!model.wasReady && !model.options.loadedAtStartup) continue;
      wanted += model.minWorkers;
      running += Math.min(model.minWorkers, model.readyWorkers);
    }
    if (running >= wanted) return "healthy";
    return running === 0 ? "unhealthy" : "partial";
  }

  invoke(name: string, request: HandlerRequest, version: string | null = null): HostedCall {
    const model = this.#table.find(name, version);
    if (this.#isStopping) return refusedCall(shuttingDown());
    return model === undefined ? refusedCall(this.#table.notFound(name, version)) : model.invoke(request);
  }

  /** Lets calls end for at most that long, then ends every worker; resolves when none is left. */
  async stop(graceMs = 0): Promise<void> {
    this.#isStopping = true;
    for (const model of [...this.#table.all()]) {
      this.#table.remove(model);
      void this.#leave(model, () => (graceMs > 0 ? model.retire(graceMs) : model.end()));
    }
    const timer = this.#options.clock.schedule(graceMs, () => {
      for (const model of this.#departing) void model.end();
    });
    while (this.#leaving.size > 0) await Promise.all(this.#leaving.values());
    timer.cancel();
  }

  /** Starts the model's first workers, once an older one of its name has gone; where that fails it is forgotten. */
  async #load(model: HostedModel): Promise<void> {
    const { clock, meter } = this.#options;
    const { name } = model.spec;
    const startedAt = clock.now();
    try {
      await this.#leaving.get(this.#table.keyOf(model.spec));
      await model.begin();
      if (model.minWorkers > 0) meter?.loadEnded(name, { ok: true, loadMs: clock.now() - startedAt });
    } catch (error) {
      const loadMs = clock.now() - startedAt;
      if (this.#table.remove(model)) await this.#leave(model, () => model.end());
      meter?.loadEnded(name, { ok: false, loadMs });
      throw error;
    }
  }

  /** Ends a model that is not in the table any more; whoever asks meanwhile for its name waits for it. */
  async #leave(model: HostedModel, end: () => Promise<void>): Promise<void> {
    const { clock, meter } = this.#options;
    const key = this.#table.keyOf(model.spec);
    const startedAt = clock.now();
    const before = this.#leaving.get(key);
    const leaving = (async () => {
      await Promise.all([before, end()]);
      await model.spec.release?.();
    })();
    this.#leaving.set(key, leaving);
    this.#departing.add(model);
    try {
      await leaving;
    } finally {
      this.#departing.delete(model);
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    }
    if (model.wasReady) meter?.unloaded(model.spec.name, { unloadMs: clock.now() - startedAt });
  }

  #modelOf(spec: HostedModelSpec, options: RegisterOptions): HostedModel {
    const { clock, logger, meter = null, jobQueueSize } = this.#options;
    const worker = (model: HostedModel): HostedWorker => this.#workerOf(model);
    return new HostedModel({ clock, logger, meter, spec, options, jobQueueSize, worker });
  }

  #workerOf(model: HostedModel): HostedWorker {
    const { clock, gpus, loadTimeoutMs } = this.#options;
    const { spec, options } = model;
    const ordinal = this.#workers;
    this.#workers += 1;
    const gpuId = gpus === 0 ? null : ordinal % gpus;
    const worker: HostedWorker = new HostedWorker({
      clock,
      id: `${String(9000 + ordinal)}-${ordinal.toString(16).padStart(8, "0")}`,
      model: spec.name,
      gpuId,
      responseTimeoutMs: options.responseTimeoutMs,
      loadTimeoutMs: options.startupTimeoutMs ?? loadTimeoutMs,
      holdsBatches: options.batchSize === 1,
      start: (abandoned, begun) => {
        const start = (): Promise<HandlerProcess> => {
          begun();
          return this.#start(model, gpuId, abandoned);
        };
        return this.#gate.pass({ model: spec.name, url: spec.url, bytes: spec.bytes, start });
      },
      events: {
        free: () => {
          model.workerFree();
        },
        ran: (batch, outcome) => {
          model.workerRan(batch, outcome);
        },
        isAwaited: () => model.isAwaited,
        returned: (calls) => {
          model.workerReturned(calls);
        },
        lost: (reason, why, delayMs) => {
          model.workerLost(worker, reason, { why, delayMs });
        },
      },
    });
    return worker;
  }

  #start(
    { spec, options }: HostedModel,
    gpuId: number | null,
    abandoned: Promise<unknown>,
  ): Promise<HandlerProcess> {
    const { launcher, builtIn = null, log } = this.#options;
    const write: HandlerLog = (source, text) => log?.(spec.name, source, text);
    const { runs } = spec;
    if (runs.kind === "handler") {
      const { name: modelName, folder: modelFolder, manifest } = spec;
      const { handler, interpreter, decodesInput, variables, hiddenVariables = [] } = runs;
      const launch = { handler, interpreter, decodesInput, variables, hiddenVariables };
      const { batchSize } = options;
      return launcher.start(
        { modelName, modelFolder, manifest, batchSize, gpuId, abandoned, ...launch },
        write,
      );
    }
    if (builtIn !== null) return builtIn.start(runs.spec, write);
    const message = `Model ${spec.name} has no handler.`;
    return Promise.reject(new ServingError("MODEL_LOAD_FAILED", message, { model: spec.name }));
  }
}
