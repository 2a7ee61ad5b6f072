import { ServingError } from "../../contracts/serving-error.ts";
import { labelOf, type ModelSpec } from "../models/model-spec.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Meter } from "../ports/meter.ts";
import type { ModelSource, SourceListing, SourceProblem } from "../ports/model-source.ts";
import type { Residency } from "../residency/residency.ts";
import type { InferenceCall } from "../scheduling/inference-call.ts";
import type { PendingCall } from "../scheduling/pending-call.ts";
import { checkInputs } from "./check-inputs.ts";
import { queuedVersion } from "./queued-version.ts";

export interface InferenceEngineOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly registry: ModelRegistry;
  readonly residency: Residency;
  readonly source: ModelSource;
  /** Calls that may wait for one model. */
  readonly queueLimit: number;
}

export interface StartReport {
  readonly problems: readonly SourceProblem[];
  readonly notices: readonly string[];
}

export interface RepositoryIndex {
  readonly registered: readonly ModelVersion[];
  /** What the source has and nobody has loaded. */
  readonly unregistered: readonly ModelSpec[];
  readonly problems: readonly SourceProblem[];
}

/** The one way from a protocol to a model: route, residency, schedule. */
export class InferenceEngine {
  readonly #options: InferenceEngineOptions;
  /** Repository operations on one name run one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Out of the registry, and still with calls that came before. */
  readonly #leaving = new Set<ModelVersion>();
  #isStopping = false;
  #isStarted = false;
  #problems: readonly SourceProblem[] = [];
  #listing: Promise<SourceListing> | null = null;

  constructor(options: InferenceEngineOptions) {
    this.#options = options;
  }

  get registry(): ModelRegistry {
    return this.#options.registry;
  }

  /** Whether the server should get traffic: everything that is loaded at start has been tried, and it is not stopping. */
  get isReady(): boolean {
    return this.#isStarted && !this.#isStopping;
  }

  /** Models that the source has but that cannot be served. */
  get problems(): readonly SourceProblem[] {
    return this.#problems;
  }

  /** Reads the source anew and compares: what is registered, what is only on disk, what cannot be served. */
  async index(): Promise<RepositoryIndex> {
    // Callers that come together share one reading.
    this.#listing ??= this.#options.source.list().finally(() => (this.#listing = null));
    const { specs, problems } = await this.#listing;
    this.#problems = problems;
    const registered = [...this.registry.versions()];
    const labels = new Set(registered.map(({ label }) => label));
    return { registered, unregistered: specs.filter((spec) => !labels.has(labelOf(spec))), problems };
  }

  /** Reads the source and registers what it has, or nothing: models then come by name, through {@link load}. */
  async discover({ register = true }: { readonly register?: boolean } = {}): Promise<StartReport> {
    const { specs, problems, notices } = await this.#options.source.list();
    for (const spec of register ? specs : []) this.registry.put(queuedVersion(spec, this.#options));
    this.#problems = problems;
    return { problems, notices };
  }

  /** Loads everything that is registered, as far as the budget goes; resolves when all have been tried. */
  async loadAll(): Promise<void> {
    const versions = [...this.registry.versions()];
    await Promise.allSettled(
      versions.map((version) => this.#options.residency.load(version, { cold: false, mayEvict: false })),
    );
    this.markStarted();
  }

  /** Says that start-up is over: the server is ready, and models load on first use. */
  markStarted(): void {
    this.#isStarted = true;
  }

  /** Finds the version that answers, or MODEL_NOT_FOUND. */
  resolve(name: string, version: string | null): ModelVersion {
    return this.registry.resolve(name, version);
  }

  /** Takes a call in; throws at once where it cannot be answered. */
  infer(version: ModelVersion, call: InferenceCall): PendingCall {
    if (this.#isStopping)
      throw new ServingError("SHUTTING_DOWN", "The server is stopping.", { retryAfterS: 1 });
    const { inputs } = version.description ?? { inputs: null };
    // The columns of a data frame are each an input: whether they are the right ones, the model says.
    const isFrame = call.parameters?.["content_type"] === "pd";
    if (inputs !== null && !isFrame) checkInputs(inputs, call.payload);
    this.#options.residency.use(version);
    return version.queue.submit(call);
  }

  /** Whether a call to this version would be served without somebody doing something first. */
  isServable(version: ModelVersion): boolean {
    switch (version.state) {
      case "ready":
        return true;
      case "loading":
        return false;
      case "failed":
        // What did not fit at the start may fit when its call comes: others are evicted for it then.
        return this.#isStarted && version.failure?.code === "OUT_OF_MEMORY";
      case "registered":
      case "draining":
      case "unloading":
        return this.#isStarted;
    }
  }

  /**
   * Reads this name anew and loads every version of it: a loaded one is replaced without a gap (the new one loads,
   * takes the name over, the old one drains), one that has gone from the source is unloaded.
   */
  load(name: string): Promise<void> {
    return this.#change(name, () => this.#load(name));
  }

  /** Takes every version of this name out; resolves when its memory is back. */
  unload(name: string): Promise<void> {
    return this.#change(name, async () => {
      const versions = this.registry.versionsOf(name);
      if (versions.length === 0) throw notFound(name);
      await Promise.all(versions.map((version) => this.#retire(version)));
    });
  }

  /** Refuses new calls and resolves when none is left. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#all().map((version) => version.queue.idle()));
  }

  /** Fails everything that still waits. */
  abandonCalls(): void {
    const error = new ServingError("SHUTTING_DOWN", "The server is stopping.", { retryAfterS: 1 });
    for (const version of this.#all()) version.queue.close(error);
  }

  #all(): readonly ModelVersion[] {
    return [...this.registry.versions(), ...this.#leaving];
  }

  async #load(name: string): Promise<void> {
    const { specs, problems } = await this.#options.source.find(name);
    this.#problems = [...this.#problems.filter((problem) => problem.name !== name), ...problems];
    const [problem] = problems;
    if (problem !== undefined) throw problemError(problem);
    if (specs.length === 0) throw notFound(name);
    for (const spec of specs) await this.#replace(spec);
    const onDisk = new Set(specs.map((spec) => spec.version));
    const gone = this.registry.versionsOf(name).filter((version) => !onDisk.has(version.spec.version));
    await Promise.all(gone.map((version) => this.#retire(version)));
  }

  async #replace(spec: ModelSpec): Promise<void> {
    const next = queuedVersion(spec, this.#options);
    await this.#options.residency.load(next, { cold: false });
    const before = this.registry.put(next);
    if (before !== undefined) await this.#release(before);
  }

  async #retire(version: ModelVersion): Promise<void> {
    this.registry.remove(version);
    await this.#release(version);
    version.queue.failAll(notFound(version.spec.name));
  }

  async #release(version: ModelVersion): Promise<void> {
    this.#leaving.add(version);
    await this.#options.residency.unload(version);
    this.#leaving.delete(version);
  }

  async #change<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#changes.get(name) ?? Promise.resolve();
    const change = before.then(task, task);
    this.#changes.set(name, change);
    try {
      return await change;
    } finally {
      if (this.#changes.get(name) === change) this.#changes.delete(name);
    }
  }
}

function notFound(name: string): ServingError {
  return new ServingError("MODEL_NOT_FOUND", `Model ${name} not found`, { model: name });
}

function problemError({ name, where, reason, hint }: SourceProblem): ServingError {
  const details = { model: name, where, ...(hint === undefined ? {} : { hint }) };
  return new ServingError("INVALID_SETTINGS", reason, details);
}
