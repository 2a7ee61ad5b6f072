import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelDescription } from "../../core/models/model-description.ts";
import { labelOf, type ModelSpec } from "../../core/models/model-spec.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import { Lane } from "../../core/scheduling/lane.ts";
import { UnbegunError } from "./commands.ts";
import type { LoadedModule } from "./messages.ts";
import { PythonInstance } from "./python-instance.ts";
import type { Worker, WorkerEvents } from "./worker.ts";

/**
 * Batches under way at once. A second one waiting in the socket would keep the worker from idling between two, but it
 * halves the batches, and each costs two wake-ups: measured on two cores, 1 is faster at 1 and 128 connections, level at 32.
 */
const laneWindow = 1;
/** Workers that a load is given to, each after the one before it ended without having come to it. */
const loadTries = 3;
/** Replacements at once before back-off begins. */
const freeReplacements = 3;
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A worker that has lived this long is healthy again: what dies in a loop dies sooner, and a fork is cheap. */
const healthyAfterMs = 1000;

export interface WorkerSlotOptions {
  readonly number: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Forks (or spawns) a worker that has said HELLO. */
  readonly start: (events: WorkerEvents) => Promise<Worker>;
  /** Called with the modules that a load had to import. */
  readonly onModules: (modules: readonly string[]) => void;
  /** Called when a worker has ended unasked. */
  readonly onDeath: () => void;
}

/** The place of one worker: the process in it may change, its models and its lane stay. */
export class WorkerSlot {
  readonly lane: Lane;
  readonly #options: WorkerSlotOptions;
  readonly #instances = new Set<PythonInstance>();
  #worker: Worker | null = null;
  #starting: Promise<Worker> | null = null;
  #startedAt = 0;
  #deaths = 0;
  #replacement: Timer | null = null;
  #isStopped = false;
  #nextModel = 1;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.lane = new Lane(options.clock, laneWindow);
  }

  get worker(): Worker | null {
    return this.#worker;
  }

  get models(): number {
    return this.#instances.size;
  }

  async load(spec: ModelSpec): Promise<PythonInstance> {
    const model = this.#nextModel;
    this.#nextModel += 1;
    const { worker, loaded } = await this.#loadInto(model, spec, loadTries);
    this.#learn(loaded);
    const instance = new PythonInstance(this, { model, spec, description: descriptionOf(loaded, spec) });
    this.#instances.add(instance);
    instance.worker = worker.isGone ? null : worker;
    return instance;
  }

  async unload(instance: PythonInstance): Promise<void> {
    this.#instances.delete(instance);
    const { worker } = instance;
    instance.worker = null;
    if (worker === null || worker.isGone) return;
    await worker.unload(instance.model).catch((error: unknown) => {
      if (!worker.isGone) throw error;
    });
  }

  /** A worker that can be talked to, started if there is none. */
  ready(): Promise<Worker> {
    if (this.#isStopped) return Promise.reject(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    if (this.#worker !== null) return Promise.resolve(this.#worker);
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    return this.#starting;
  }

  stop(): void {
    this.#isStopped = true;
    this.#replacement?.cancel();
    this.lane.suspend();
    this.#worker?.stop();
  }

  async #start(): Promise<Worker> {
    const { clock, logger, number, start } = this.#options;
    const beganAt = clock.now();
    const worker = await start({
      onLog: (level, message) => {
        logger[level](message, { worker: number });
      },
      onGone: () => {
        this.#gone();
      },
    });
    this.#worker = worker;
    this.#startedAt = clock.now();
    await this.#restore(worker);
    if (worker.isGone) {
      this.#worker = null;
      throw new ServingError("WORKER_DIED", "The worker ended while its models were put back.");
    }
    this.lane.resume();
    logger.debug("worker started", { worker: number, pid: worker.pid, start_ms: clock.now() - beganAt });
    return worker;
  }

  /** Loads what lived here into the new process, the most recently used models first. */
  async #restore(worker: Worker): Promise<void> {
    const instances = [...this.#instances].sort((one, other) => other.lastRunAt - one.lastRunAt);
    for (const instance of instances) {
      // It may be unloaded while others are put back, and while it is put back itself.
      if (!this.#instances.has(instance)) continue;
      try {
        await worker.load(instance.model, instance.spec);
        if (this.#instances.has(instance)) instance.worker = worker;
        else await worker.unload(instance.model);
      } catch (error) {
        if (worker.isGone) return;
        this.#notRestored(instance, ServingError.from(error, "MODEL_LOAD_FAILED"));
      }
      this.lane.resume();
    }
  }

  /** A worker that ends for another reason before it comes to the load is no reason to fail it. */
  async #loadInto(
    model: number,
    spec: ModelSpec,
    tries: number,
  ): Promise<{ readonly worker: Worker; readonly loaded: LoadedModule }> {
    const worker = await this.ready();
    try {
      return { worker, loaded: await worker.load(model, spec) };
    } catch (error) {
      if (!(error instanceof UnbegunError) || tries === 1) throw error;
      return await this.#loadInto(model, spec, tries - 1);
    }
  }

  /** Its calls are told until another process takes this one's place. */
  #notRestored(instance: PythonInstance, { code, message, details }: ServingError): void {
    const { name } = instance.spec;
    this.#options.logger.error("model could not be restored", { model: name, reason: message });
    const what = `The worker of ${labelOf(instance.spec)} ended, and its replacement could not load it: ${message}`;
    instance.failure = new ServingError(code, what, { ...details, hint: "Load the model again." });
  }

  #learn(loaded: LoadedModule): void {
    if (loaded.modules.length > 0) this.#options.onModules(loaded.modules);
  }

  #gone(): void {
    const { clock, logger, number, onDeath } = this.#options;
    this.#worker = null;
    this.lane.suspend();
    for (const instance of this.#instances) {
      instance.worker = null;
      instance.failure = null;
    }
    if (this.#isStopped) return;
    onDeath();
    // Whoever waits for a start sees it fail, and tries again.
    if (this.#starting !== null) return;
    this.#deaths = clock.now() - this.#startedAt > healthyAfterMs ? 1 : this.#deaths + 1;
    const delayMs = this.#backOffMs();
    logger.warn("worker ended and is replaced", {
      worker: number,
      models: this.#instances.size,
      delay_ms: delayMs,
    });
    if (delayMs === 0) this.#replace();
    else
      this.#replacement = clock.schedule(delayMs, () => {
        this.#replace();
      });
  }

  #replace(): void {
    this.ready().catch((error: unknown) => {
      if (this.#isStopped) return;
      const { clock, logger, number } = this.#options;
      this.#deaths += 1;
      const delayMs = this.#backOffMs();
      const { message } = ServingError.from(error);
      logger.error("worker could not be replaced", { worker: number, reason: message, delay_ms: delayMs });
      this.#replacement = clock.schedule(delayMs, () => {
        this.#replace();
      });
    });
  }

  #backOffMs(): number {
    const past = this.#deaths - freeReplacements;
    return past <= 0 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (past - 1));
  }
}

/** What an unpacked model is taken to hold at least, and as a multiple of its file. */
const smallestModelBytes = 1 << 20;
const unpackedRatio = 2;

/** A load that imported modules measured those, too, and they stay when the model goes: its file tells more. */
function descriptionOf(
  { description, modules }: LoadedModule,
  { artifactBytes }: ModelSpec,
): ModelDescription {
  if (modules.length === 0) return description;
  const suggested = Math.max(smallestModelBytes, unpackedRatio * artifactBytes);
  return { ...description, memoryBytes: Math.min(description.memoryBytes, suggested) };
}
