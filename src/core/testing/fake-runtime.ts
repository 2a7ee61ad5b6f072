import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelDescription } from "../models/model-description.ts";
import { labelOf, type ModelSpec } from "../models/model-spec.ts";
import type { Clock } from "../ports/clock.ts";
import type { BatchOutcome, Instance, Runtime } from "../ports/runtime.ts";
import type { Batch } from "../scheduling/batch.ts";
import type { Lane } from "../scheduling/lane.ts";
import { FakeWorker, type FakeWork } from "./fake-worker.ts";
import { descriptionOf } from "./specs.ts";

/** How a fake model behaves. */
export interface FakeModel {
  readonly loadMs: number;
  readonly unloadMs: number;
  /** Why it cannot be loaded; null where it can. */
  readonly loadFailure: ServingError | null;
  /** Why its unloading fails; null where it does not. */
  readonly unloadFailure: ServingError | null;
  readonly description: Partial<ModelDescription>;
  readonly run: (batch: Batch) => FakeWork;
}

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  /** Asked at every load, so that a model may change between two. */
  readonly about?: (spec: ModelSpec) => Partial<FakeModel>;
}

/** Answers with its inputs after a millisecond. */
export function echo(batch: Batch): FakeWork {
  return {
    computeMs: 1,
    finish: () => ({ kind: "done", computeMs: 1, result: { outputs: tensorsOf(batch) } }),
  };
}

function tensorsOf({ payload }: Batch) {
  return payload.kind === "tensors" ? payload.tensors : [];
}

/** Models on the test's clock, each in a worker of its own; tells what was asked of it. */
export class FakeRuntime implements Runtime {
  readonly #clock: Clock;
  readonly #about: (spec: ModelSpec) => Partial<FakeModel>;
  readonly #instances = new Set<FakeInstance>();
  /** Labels in the order of the loads that were begun, and of the unloads. */
  readonly loads: string[] = [];
  readonly unloads: string[] = [];
  /** Loads under way now, and the most there ever were. */
  loading = 0;
  mostLoading = 0;
  #loadingBytes = 0;
  #isStopped = false;

  constructor({ clock, about = () => ({}) }: FakeRuntimeOptions) {
    this.#clock = clock;
    this.#about = about;
  }

  /** Bytes of all that is loaded; a model counts from the begin of its load to the end of its unload. */
  get heldBytes(): number {
    let sum = this.#loadingBytes;
    for (const { description } of this.#instances) sum += description.memoryBytes;
    return sum;
  }

  get instances(): ReadonlySet<FakeInstance> {
    return this.#instances;
  }

  async load(spec: ModelSpec): Promise<Instance> {
    if (this.#isStopped) throw new ServingError("SHUTTING_DOWN", "The runtime has been stopped.");
    const { loadMs = 1, unloadMs = 1, loadFailure = null, ...rest } = this.#about(spec);
    const description = descriptionOf(rest.description);
    this.loads.push(labelOf(spec));
    this.loading += 1;
    this.mostLoading = Math.max(this.mostLoading, this.loading);
    this.#loadingBytes += description.memoryBytes;
    await this.#pass(loadMs);
    this.loading -= 1;
    this.#loadingBytes -= description.memoryBytes;
    if (loadFailure !== null) throw loadFailure;
    const instance: FakeInstance = new FakeInstance({
      worker: new FakeWorker({ clock: this.#clock }),
      description,
      run: rest.run ?? echo,
      unload: async () => {
        await this.#pass(unloadMs);
        this.unloads.push(labelOf(spec));
        this.#instances.delete(instance);
        if (rest.unloadFailure !== undefined && rest.unloadFailure !== null) throw rest.unloadFailure;
      },
    });
    this.#instances.add(instance);
    return instance;
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    const running = [...this.#instances];
    this.#instances.clear();
    for (const instance of running) instance.stop();
    return Promise.resolve();
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve));
  }
}

export interface FakeInstanceOptions {
  readonly worker: FakeWorker;
  readonly description: ModelDescription;
  readonly run: (batch: Batch) => FakeWork;
  readonly unload: () => Promise<void>;
}

export class FakeInstance implements Instance {
  readonly description: ModelDescription;
  readonly worker: FakeWorker;
  readonly #run: (batch: Batch) => FakeWork;
  readonly #unload: () => Promise<void>;
  #isLoaded = true;

  constructor({ worker, description, run, unload }: FakeInstanceOptions) {
    this.worker = worker;
    this.description = description;
    this.#run = run;
    this.#unload = unload;
  }

  get lane(): Lane {
    return this.worker.lane;
  }

  get isAvailable(): boolean {
    return this.#isLoaded && this.worker.isUp;
  }

  run(batch: Batch): Promise<BatchOutcome> {
    if (!this.#isLoaded) return Promise.resolve({ kind: "not-started" });
    return this.worker.run(this.#run(batch));
  }

  abort(): void {
    this.worker.crash();
  }

  /** Its process ends, and does not come back. */
  stop(): void {
    this.#isLoaded = false;
    this.worker.crash();
  }

  unload(): Promise<void> {
    this.#isLoaded = false;
    return this.#unload();
  }
}
