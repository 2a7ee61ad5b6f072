import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { MemoryProbe } from "../ports/memory-probe.ts";
import type { Meter } from "../ports/meter.ts";
import type { Runtime } from "../ports/runtime.ts";
import { LoadSlots } from "./load-slots.ts";

/** A model that failed to load is not tried again by a request before this has passed. */
const failureHoldMs = 10_000;
/** What a model is taken to need before its first load: its file unpacked, and never less than the smallest. */
const smallestEstimateBytes = 1 << 20;
const unpackedRatio = 2;
/** How long a load waits for a busy model to become idle, when only that would make room. */
const makeRoomTimeoutMs = 30_000;

export interface ResidencyOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly runtime: Runtime;
  readonly probe: MemoryProbe;
  /** Bytes that the whole process tree may hold; null for no bound. */
  readonly budgetBytes: number | null;
  /** Loads at once; with a budget always one, so that each is measured alone. */
  readonly concurrentLoads: number;
}

/** Decides what is in memory: loads once however many ask, evicts the least recently used idle model, says why. */
export class Residency {
  readonly #options: ResidencyOptions;
  readonly #slots: LoadSlots;
  /** The newest operation on each version that has any under way; each waits for the one before it. */
  readonly #newest = new Map<ModelVersion, Operation>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #resident = new Set<ModelVersion>();

  constructor(options: ResidencyOptions) {
    this.#options = options;
    this.#slots = new LoadSlots(options.budgetBytes === null ? options.concurrentLoads : 1);
  }

  get budgetBytes(): number | null {
    return this.#options.budgetBytes;
  }

  get resident(): ReadonlySet<ModelVersion> {
    return this.#resident;
  }

  /** A call goes to this model: it is used now, and loaded if it is not in memory. Costs nothing when it is ready. */
  use(version: ModelVersion): void {
    const now = this.#options.clock.now();
    version.lastUsedAt = now;
    if (version.state === "ready" || version.state === "loading") return;
    const { failure, failedAt } = version;
    // Memory comes back when others finish, a broken file does not mend itself.
    const isHeld = failure !== null && failure.code !== "OUT_OF_MEMORY";
    if (isHeld && now - failedAt < failureHoldMs) throw failure;
    // A failed load reaches the callers through the model's queue.
    this.load(version, { cold: true }).catch(() => undefined);
  }

  /**
   * Brings a version into memory; one load, however many ask. Rejects with the reason when it cannot be.
   *
   * @param how.cold whether a caller is waiting for it
   * @param how.mayEvict whether other models may be evicted for it; true by default
   */
  load(version: ModelVersion, how: LoadRequest): Promise<void> {
    const newest = this.#newest.get(version);
    if (newest === undefined && version.state === "ready") return Promise.resolve();
    if (newest?.kind === "load") return newest.done;
    return this.#follow(version, "load", () => this.#slots.run(() => this.#load(version, how)));
  }

  /** Finishes what the model has, then frees it; resolves when its memory is back. */
  unload(version: ModelVersion): Promise<void> {
    const newest = this.#newest.get(version);
    if (newest?.kind === "unload") return newest.done;
    return this.#follow(version, "unload", () => this.#unload(version));
  }

  #follow(version: ModelVersion, kind: Operation["kind"], task: () => Promise<void>): Promise<void> {
    const before = this.#newest.get(version)?.done.catch(() => undefined);
    const done = (before === undefined ? task() : before.then(task)).finally(() => {
      if (this.#newest.get(version) === operation) this.#newest.delete(version);
    });
    const operation: Operation = { kind, done };
    this.#newest.set(version, operation);
    return done;
  }

  async #load(version: ModelVersion, how: LoadRequest): Promise<void> {
    if (version.state === "ready") return;
    const { clock, logger, meter, runtime } = this.#options;
    const startedAt = clock.now();
    version.beginLoad();
    try {
      await this.#makeRoom(version, how);
      const instance = await runtime.load(version.spec);
      version.finishLoad(instance);
    } catch (error) {
      const failure = ServingError.from(error, "MODEL_LOAD_FAILED");
      version.failLoad(failure, clock.now());
      meter.loadEnded(version, { ok: false, loadMs: clock.now() - startedAt, cold: how.cold });
      // A load that a stop has cut short is nobody's fault.
      logger[failure.code === "SHUTTING_DOWN" ? "debug" : "error"]("model failed to load", {
        model: version.label,
        reason: failure.message,
        ...failure.details,
      });
      throw failure;
    }
    const loadMs = clock.now() - startedAt;
    this.#resident.add(version);
    version.lastUsedAt = clock.now();
    meter.loadEnded(version, { ok: true, loadMs, cold: how.cold });
    logger.info("model loaded", { model: version.label, load_ms: loadMs, memory_bytes: version.memoryBytes });
  }

  async #unload(version: ModelVersion): Promise<void> {
    if (version.state !== "ready") return;
    const leaving = this.#leave(version);
    this.#leaving.add(leaving);
    await leaving;
    this.#leaving.delete(leaving);
  }

  async #leave(version: ModelVersion): Promise<void> {
    this.#resident.delete(version);
    await version.drain();
    try {
      await version.unload();
    } catch (error) {
      const reason = ServingError.from(error).message;
      this.#options.logger.error("model could not be unloaded", { model: version.label, reason });
    }
  }

  /** Evicts until the model fits the budget; rejects with OUT_OF_MEMORY when nothing more can be evicted. */
  async #makeRoom(version: ModelVersion, how: LoadRequest): Promise<void> {
    const { budgetBytes, clock, probe } = this.#options;
    if (budgetBytes === null) return;
    const needed = version.memoryBytes ?? estimateOf(version);
    const giveUpAt = clock.now() + makeRoomTimeoutMs;
    for (;;) {
      const held = await probe.measure();
      if (held + needed <= budgetBytes) return;
      if (how.mayEvict === false) throw outOfMemory(version, { held, needed, budgetBytes });
      const victim = this.#leastRecentlyUsed();
      if (victim !== undefined) await this.#evict(victim, { held, needed, budgetBytes, for: version.label });
      else if (!(await this.#someModelFinished(giveUpAt)))
        throw outOfMemory(version, { held, needed, budgetBytes });
    }
  }

  #leastRecentlyUsed(): ModelVersion | undefined {
    let oldest: ModelVersion | undefined;
    for (const version of this.#resident) {
      if (version.spec.pinned || !version.queue.isIdle || this.#newest.has(version)) continue;
      if (oldest === undefined || version.lastUsedAt < oldest.lastUsedAt) oldest = version;
    }
    return oldest;
  }

  async #evict(victim: ModelVersion, why: Readonly<Record<string, unknown>>): Promise<void> {
    const { clock, logger, meter } = this.#options;
    const idleMs = clock.now() - victim.lastUsedAt;
    logger.info("model evicted", { model: victim.label, reason: "memory budget", idle_ms: idleMs, ...why });
    meter.evicted(victim, "memory_budget");
    await this.unload(victim);
  }

  /** Waits until some busy model is idle, or gone; false when there is none, or none was in time. */
  async #someModelFinished(giveUpAt: number): Promise<boolean> {
    const { clock } = this.#options;
    const busy = [...this.#resident].filter((version) => !version.spec.pinned && !version.queue.isIdle);
    const leftMs = giveUpAt - clock.now();
    if (busy.length + this.#leaving.size === 0 || leftMs <= 0) return false;
    const timeout = Promise.withResolvers<boolean>();
    const timer = clock.schedule(leftMs, () => {
      timeout.resolve(false);
    });
    const finished = [...busy.map((version) => version.queue.idle()), ...this.#leaving];
    const wasInTime = await Promise.race([timeout.promise, Promise.race(finished).then(() => true)]);
    timer.cancel();
    return wasInTime;
  }
}

interface Operation {
  readonly kind: "load" | "unload";
  readonly done: Promise<void>;
}

function estimateOf({ spec }: ModelVersion): number {
  return Math.max(smallestEstimateBytes, spec.artifactBytes * unpackedRatio);
}

export interface LoadRequest {
  readonly cold: boolean;
  readonly mayEvict?: boolean;
}

function outOfMemory(
  version: ModelVersion,
  {
    held,
    needed,
    budgetBytes,
  }: { readonly held: number; readonly needed: number; readonly budgetBytes: number },
): ServingError {
  const message =
    `${version.label} needs about ${mebibytes(needed)}; ${mebibytes(held)} of the budget of ` +
    `${mebibytes(budgetBytes)} are held, and no idle model is left to evict.`;
  return new ServingError("OUT_OF_MEMORY", message, {
    retryAfterS: 1,
    hint: "Raise --memory-budget, unpin a model, or try again when the busy models have finished.",
  });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
