import type { ServingError } from "../../contracts/serving-error.ts";
import type { ModelDescription } from "../../core/models/model-description.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { BatchOutcome, Instance } from "../../core/ports/runtime.ts";
import type { Batch } from "../../core/scheduling/batch.ts";
import type { Lane } from "../../core/scheduling/lane.ts";
import type { Worker } from "./worker.ts";

/** Where an instance lives. */
interface Home {
  readonly lane: Lane;
  unload(instance: PythonInstance): Promise<void>;
}

/** A model in a worker. It stays the same object when its worker is replaced. */
export class PythonInstance implements Instance {
  readonly description: ModelDescription;
  readonly spec: ModelSpec;
  /** Number that the worker knows it by. */
  readonly model: number;
  /** The process it is loaded in now; null while that is being replaced. */
  worker: Worker | null = null;
  /** Why the process that runs in its place now could not load it; null where it could, and while there is none. */
  failure: ServingError | null = null;
  /** When it last ran a batch; the most recent ones are restored first. */
  lastRunAt = 0;
  readonly #home: Home;

  constructor(
    home: Home,
    loaded: { readonly model: number; readonly spec: ModelSpec; readonly description: ModelDescription },
  ) {
    this.#home = home;
    this.model = loaded.model;
    this.spec = loaded.spec;
    this.description = loaded.description;
  }

  get lane(): Lane {
    return this.#home.lane;
  }

  get isAvailable(): boolean {
    // One that cannot be put back says so: its calls would wait for ever.
    return this.worker !== null || this.failure !== null;
  }

  run(batch: Batch): Promise<BatchOutcome> {
    this.lastRunAt = performance.now();
    if (this.worker !== null) return this.worker.run(this.model, batch);
    const { failure } = this;
    return Promise.resolve(failure === null ? { kind: "not-started" } : { kind: "failed", error: failure });
  }

  abort(): void {
    this.worker?.kill();
  }

  unload(): Promise<void> {
    return this.#home.unload(this);
  }
}
