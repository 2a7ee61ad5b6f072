import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { ContainerModels, ObtainedModel } from "../../core/ports/model-container.ts";
import { LoadSlots } from "../../core/residency/load-slots.ts";
import { patiently } from "./patience.ts";
import type { VariantTally } from "./variant-tally.ts";

/** A caller waits this long for its model; the load goes on without it. */
const callerWaitsMs = 60_000;

export interface ModelShelfOptions {
  readonly clock: Clock;
  readonly models: ContainerModels;
  readonly tally: VariantTally;
  /** Told what is done, for the variant's log. */
  readonly say: (text: string) => void;
  /** False: a model goes, from the disk too, as soon as nobody uses it. */
  readonly keeps: boolean;
  readonly concurrentLoads: number;
}

/** A model in use, until it is given back, once. */
export interface ShelfUse {
  readonly model: ObtainedModel;
  done(): void;
}

interface Entry {
  readonly target: string;
  model: ObtainedModel | null;
  state: "loading" | "ready" | "leaving";
  /** Whether the container is loading it now. */
  isEntering: boolean;
  users: number;
  lastUsedAt: number;
  readonly ready: Promise<void>;
}

/**
 * The models of one multi-model container: loaded when they are asked for, once however many ask; where there is no room
 * the one that was used least recently goes, never one that is in use.
 */
export class ModelShelf {
  readonly #options: ModelShelfOptions;
  readonly #slots: LoadSlots;
  readonly #entries = new Map<string, Entry>();
  /** Those that have found no room, one after the other. */
  readonly #making = new LoadSlots(1);
  #makers = 0;
  #freed = Promise.withResolvers<undefined>();

  constructor(options: ModelShelfOptions) {
    this.#options = options;
    this.#slots = new LoadSlots(options.concurrentLoads);
  }

  get loaded(): number {
    return [...this.#entries.values()].filter(({ state }) => state === "ready").length;
  }

  has(target: string): boolean {
    return this.#entries.get(target)?.state === "ready";
  }

  /**
   * Resolves when the model serves. Rejects with INVALID_REQUEST where there is no such model, MODEL_NOT_READY where it
   * takes too long, MODEL_LOAD_FAILED, OUT_OF_MEMORY where it would not fit if it were alone.
   */
  async use(target: string): Promise<ShelfUse> {
    const { clock, tally } = this.#options;
    const askedAt = clock.now();
    const isHit = this.has(target);
    tally.cacheHit(isHit);
    const entry = await this.#take(target);
    try {
      if (entry.state !== "ready") await this.#patiently(entry);
    } catch (error) {
      this.#giveBack(entry);
      throw error;
    }
    if (!isHit) tally.took("ModelLoadingWaitTime", clock.now() - askedAt);
    entry.lastUsedAt = clock.now();
    if (entry.model === null) throw new ServingError("INTERNAL", `${target} is ready without its files.`);
    return { model: entry.model, done: this.#release(entry) };
  }

  /** The container has lost this model: the next call loads it again. */
  forget({ target, id }: ObtainedModel): void {
    const entry = this.#entries.get(target);
    if (entry?.model?.id === id) this.#drop(entry);
  }

  /** Lets the model go that was used least recently; false where all are in use. */
  async relieve(): Promise<boolean> {
    const victim = this.#leastRecentlyUsed();
    if (victim === null) return false;
    this.#options.say(`${victim.target} makes room: it was used least recently.`);
    await this.#unload(victim);
    return true;
  }

  /** The entry that a call can wait for, in use from now on; what is leaving has to be gone first. */
  async #take(target: string): Promise<Entry> {
    for (;;) {
      const entry = this.#entries.get(target) ?? this.#begin(target);
      if (entry.state !== "leaving") {
        entry.users += 1;
        return entry;
      }
      await this.#freed.promise;
    }
  }

  #begin(target: string): Entry {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const entry: Entry = {
      target,
      model: null,
      state: "loading",
      isEntering: false,
      users: 0,
      lastUsedAt: this.#options.clock.now(),
      ready: promise.then(() => this.#slots.run(() => this.#bring(entry))),
    };
    this.#entries.set(target, entry);
    // Whoever waits is told; where nobody does any more, nobody need be.
    entry.ready.catch(() => {
      this.#drop(entry);
    });
    resolve(undefined);
    return entry;
  }

  async #bring(entry: Entry): Promise<void> {
    const { clock, models, tally, say } = this.#options;
    const startedAt = clock.now();
    const model = await models.obtain(entry.target);
    const obtainedAt = clock.now();
    tally.took("ModelDownloadingTime", obtainedAt - startedAt);
    await this.#loadWithRoom(entry, model);
    entry.model = model;
    entry.state = "ready";
    entry.lastUsedAt = clock.now();
    tally.took("ModelLoadingTime", clock.now() - obtainedAt);
    say(`${entry.target} is loaded as ${model.id} after ${(clock.now() - startedAt).toFixed(0)} ms.`);
    this.#tellFreed();
  }

  /**
   * As long as the container has no room, models that nobody uses go. One makes room at a time, and what becomes free is for
   * that one: a large model would otherwise wait for ever while small ones take what it has made free.
   */
  async #loadWithRoom(entry: Entry, model: ObtainedModel): Promise<void> {
    if (this.#makers === 0 && (await this.#tryLoad(entry, model)) === null) return;
    this.#makers += 1;
    try {
      await this.#making.run(() => this.#makeRoom(entry, model));
    } finally {
      this.#makers -= 1;
    }
  }

  async #makeRoom(entry: Entry, model: ObtainedModel): Promise<void> {
    for (;;) {
      // Before the attempt: what becomes free during it is not to be missed.
      const freed = this.#freed.promise;
      const error = await this.#tryLoad(entry, model);
      if (error === null) return;
      if (await this.relieve()) continue;
      if (!this.#someMayGo(entry)) throw error;
      await freed;
    }
  }

  /** Null where it is loaded, OUT_OF_MEMORY where there is no room for it; rejects with everything else. */
  async #tryLoad(entry: Entry, model: ObtainedModel): Promise<ServingError | null> {
    entry.isEntering = true;
    try {
      await this.#options.models.load(model);
      return null;
    } catch (caught) {
      entry.isEntering = false;
      const error = ServingError.from(caught);
      if (error.code !== "OUT_OF_MEMORY") throw error;
      return error;
    }
  }

  /** Whether anything else is in memory, or on its way into it or out of it. */
  #someMayGo(entry: Entry): boolean {
    const isThere = (one: Entry): boolean => one.state !== "loading" || one.isEntering;
    return [...this.#entries.values()].some((one) => one !== entry && isThere(one));
  }

  async #patiently({ ready, target }: Entry): Promise<void> {
    const late = (): ServingError =>
      new ServingError("MODEL_NOT_READY", `Model ${target} is not ready yet: it is still being loaded.`, {
        model: target,
        retryAfterS: 1,
      });
    try {
      await patiently(ready, { clock: this.#options.clock, ms: callerWaitsMs, late });
    } catch (error) {
      throw ServingError.from(error, "MODEL_LOAD_FAILED");
    }
  }

  #release(entry: Entry): () => void {
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      entry.lastUsedAt = this.#options.clock.now();
      this.#giveBack(entry);
    };
  }

  #giveBack(entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0 || entry.state !== "ready") return;
    if (this.#options.keeps) this.#tellFreed();
    else void this.#unload(entry);
  }

  #leastRecentlyUsed(): Entry | null {
    let oldest: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "ready" || entry.users > 0) continue;
      if (oldest === null || entry.lastUsedAt < oldest.lastUsedAt) oldest = entry;
    }
    return oldest;
  }

  /** Never rejects: what cannot be unloaded is forgotten, and the container is asked anew when it is called. */
  async #unload(entry: Entry): Promise<void> {
    const { clock, models, tally, say, keeps } = this.#options;
    const startedAt = clock.now();
    entry.state = "leaving";
    try {
      if (entry.model !== null) await models.unload(entry.model);
      if (entry.model !== null && !keeps) await models.discard(entry.model);
    } catch (error) {
      say(`${entry.target} could not be unloaded: ${ServingError.from(error).message}`);
    }
    tally.took("ModelUnloadingTime", clock.now() - startedAt);
    this.#drop(entry);
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.target) === entry) this.#entries.delete(entry.target);
    this.#tellFreed();
  }

  #tellFreed(): void {
    this.#freed.resolve(undefined);
    this.#freed = Promise.withResolvers<undefined>();
  }
}
