import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { HandlerProcess } from "../ports/handler-launcher.ts";
import type { MemoryProbe } from "../ports/memory-probe.ts";
import { LoadSlots } from "../residency/load-slots.ts";

/** Workers that are started at once where memory has no bound. */
const concurrentLoads = 16;
/** What is remembered of loads is forgotten when there is so much of it. */
const mostRemembered = 10_000;
/** A start that takes longer does not keep others waiting: it may be one that hangs. */
const aloneMs = 5_000;

export interface MemoryGateOptions {
  readonly memory: MemoryProbe | null;
  readonly budgetBytes: number | null;
  readonly clock: Clock;
}

/** What a worker is started for, as far as its memory is concerned. */
export interface Load {
  readonly model: string;
  /** What tells the same model again, whatever it is called. */
  readonly url: string;
  /** Size of the model's files. */
  readonly bytes: number;
  readonly start: () => Promise<HandlerProcess>;
}

/**
 * Starts workers within a memory budget. Before, the model's last growth is added to what is in use, or the size of its
 * files where it was never loaded; after, it is measured, and a worker that went over the budget ends again. With a
 * budget workers start one after the other, so that each is measured alone; but for those that take long, which are
 * measured by what their own process holds.
 */
export class MemoryGate {
  readonly #options: MemoryGateOptions;
  readonly #slots: LoadSlots;
  readonly #growths = new Map<string, number>();
  /** Of starts, so that one can tell whether there were others beside it. */
  #begun = 0;
  #underWay = 0;

  constructor(options: MemoryGateOptions) {
    this.#options = options;
    const isBounded = options.memory !== null && options.budgetBytes !== null;
    this.#slots = new LoadSlots(isBounded ? 1 : concurrentLoads);
  }

  /** @throws ServingError OUT_OF_MEMORY; what the start rejects with */
  pass(load: Load): Promise<HandlerProcess> {
    const { memory, budgetBytes } = this.#options;
    if (memory === null || budgetBytes === null) return this.#slots.run(load.start);
    const { promise, resolve } = Promise.withResolvers<HandlerProcess>();
    void this.#slots.run(() => {
      const started = this.#startMeasured(load, memory, budgetBytes);
      resolve(started);
      return this.#whileAlone(started);
    });
    return promise;
  }

  /** Resolves when it has started, or could not be, or takes too long for that to be waited for. */
  #whileAlone(started: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => {
      timer.cancel();
      resolve(undefined);
    };
    const timer = this.#options.clock.schedule(aloneMs, done);
    started.then(done, done);
    return promise;
  }

  async #startMeasured(load: Load, memory: MemoryProbe, budget: number): Promise<HandlerProcess> {
    this.#underWay += 1;
    try {
      return await this.#start(load, memory, budget);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #start(load: Load, memory: MemoryProbe, budget: number): Promise<HandlerProcess> {
    this.#begun += 1;
    const ordinal = this.#begun;
    const isFirst = this.#underWay === 1;
    const before = await memory.measure();
    const expected = this.#growths.get(load.url) ?? load.bytes;
    if (before + expected > budget) throw outOfMemory(load.model, before + expected, budget);
    const process = await load.start();
    const after = await memory.measure();
    const wasAlone = isFirst && this.#begun === ordinal;
    const growth = wasAlone ? Math.max(0, after - before) : await process.memoryBytes();
    this.#remember(load.url, growth);
    if (after <= budget) return process;
    await process.stop(0);
    throw outOfMemory(load.model, after, budget);
  }

  #remember(url: string, growth: number): void {
    if (this.#growths.size >= mostRemembered) this.#growths.clear();
    this.#growths.set(url, growth);
  }
}

function outOfMemory(model: string, needed: number, budget: number): ServingError {
  return new ServingError(
    "OUT_OF_MEMORY",
    `Model ${model} does not fit: with it ${megabytes(needed)} would be in use, and ${megabytes(budget)} may be.`,
    { model, hint: "Unload a model that is not used, or raise the memory budget." },
  );
}

function megabytes(bytes: number): string {
  return `${String(Math.ceil(bytes / 1e6))} MB`;
}
