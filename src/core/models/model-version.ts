import { ServingError } from "../../contracts/serving-error.ts";
import type { Instance } from "../ports/runtime.ts";
import type { ModelQueue } from "../scheduling/model-queue.ts";
import { lifecycle, type LifecycleEvent, type LifecycleState } from "./lifecycle.ts";
import type { ModelDescription } from "./model-description.ts";
import { labelOf, type ModelSpec } from "./model-spec.ts";

/** A spec plus its life. Holds what is true of it now; residency decides what becomes of it. */
export class ModelVersion {
  readonly spec: ModelSpec;
  readonly queue: ModelQueue;
  #state: LifecycleState = "registered";
  #instance: Instance | null = null;
  #description: ModelDescription | null = null;
  #failure: ServingError | null = null;
  /** On the clock; evictions take the smallest. */
  lastUsedAt = 0;
  failedAt = Number.NEGATIVE_INFINITY;
  /** Measured around the newest load; kept while evicted, as the estimate for the next one. */
  memoryBytes: number | null = null;

  constructor(spec: ModelSpec, queue: ModelQueue) {
    this.spec = spec;
    this.queue = queue;
  }

  get label(): string {
    return labelOf(this.spec);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Null unless it is ready, draining or unloading. */
  get instance(): Instance | null {
    return this.#instance;
  }

  /** What the newest load found out; kept while the model is evicted. */
  get description(): ModelDescription | null {
    return this.#description;
  }

  /** Why the newest load failed. */
  get failure(): ServingError | null {
    return this.#failure;
  }

  beginLoad(): void {
    this.#advance("load");
    this.#failure = null;
  }

  finishLoad(instance: Instance): void {
    this.#advance("loaded");
    this.#instance = instance;
    this.#description = instance.description;
    this.memoryBytes = instance.description.memoryBytes;
    this.queue.setPolicy(policyOf(this.spec, instance.description));
    this.queue.addInstance(instance);
  }

  failLoad(error: ServingError, now: number): void {
    this.#advance("load-failed");
    this.#failure = error;
    this.failedAt = now;
    this.queue.failAll(error);
  }

  /** Takes nothing more from the queue's front door; what is in the queue is finished first. */
  async drain(): Promise<void> {
    this.#advance("drain");
    await this.queue.idle();
    this.#advance("drained");
  }

  async unload(): Promise<void> {
    const instance = this.#instance;
    if (instance === null || this.#state !== "unloading")
      throw new ServingError("INTERNAL", `${this.label} is ${this.#state}: nothing to unload.`);
    this.queue.removeInstance(instance);
    try {
      await instance.unload();
    } finally {
      // Whatever became of it, it is not ours any more, and the model can be loaded again.
      this.#instance = null;
      this.#advance("unloaded");
    }
  }

  #advance(event: LifecycleEvent): void {
    const next = lifecycle[this.#state][event];
    if (next === null)
      throw new ServingError("INTERNAL", `${this.label} is ${this.#state}: no "${event}" from there.`);
    this.#state = next;
  }
}

/** Rows and calls of one merged batch: enough to fill a worker, small enough that nobody waits long behind it. */
const mergeLimits = { maxCalls: 256, maxRows: 1024 };

function policyOf(spec: ModelSpec, description: ModelDescription): Parameters<ModelQueue["setPolicy"]>[0] {
  const { maxCalls, maxWaitMs } = spec.batching;
  const isDeclared = maxCalls > 1;
  if (description.rowWise) {
    return { kind: "when-busy", ...mergeLimits, ...(isDeclared ? { maxCalls } : {}) };
  }
  return isDeclared && maxWaitMs > 0 ? { kind: "declared", maxCalls, maxWaitMs } : { kind: "single" };
}
