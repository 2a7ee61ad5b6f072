import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendCall, BackendOutcome } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { InstanceEnd } from "../ports/instance-launcher.ts";
import type {
  ContainerLaunch,
  ContainerLauncher,
  ContainerModels,
  ContainerRequest,
  ModelContainer,
  ObtainedModel,
} from "../ports/model-container.ts";

/** How containers behave. */
export interface FakeContainerOptions {
  readonly clock: Clock;
  readonly launchMs?: number;
  /** Why one cannot be launched; null where it can. */
  readonly launchFailure?: (launch: ContainerLaunch) => ServingError | null;
  /** Models that there is room for; one that is called `large` needs all of it. */
  readonly room?: number;
  readonly loadMs?: number;
  readonly answerMs?: number;
  readonly answer?: (
    model: string | null,
    request: ContainerRequest,
    launch: ContainerLaunch,
  ) => BackendOutcome;
}

/** Starts containers that exist on the test's clock only. */
export class FakeContainerLauncher implements ContainerLauncher {
  /** Running now, in the order they were launched. */
  readonly containers = new Set<FakeContainer>();
  readonly #options: FakeContainerOptions;

  constructor(options: FakeContainerOptions) {
    this.#options = options;
  }

  stop(): void {
    // Launches take no time but the clock's.
  }

  async launch(launch: ContainerLaunch): Promise<ModelContainer> {
    const { clock, launchMs = 10, launchFailure } = this.#options;
    await pass(clock, launchMs);
    const failure = launchFailure?.(launch) ?? null;
    if (failure !== null) throw failure;
    const container = new FakeContainer(this.#options, launch, () => this.containers.delete(container));
    this.containers.add(container);
    return container;
  }
}

/** A container that exists on the test's clock only. */
export class FakeContainer implements ModelContainer, ContainerModels {
  readonly resolved = "fake";
  readonly models: ContainerModels | null;
  readonly ended: Promise<InstanceEnd>;
  readonly launched: ContainerLaunch;
  /** Loaded, by id. */
  readonly loaded = new Set<string>();
  /** Everything that was done to its models, as `load a`. */
  readonly history: string[] = [];
  /** Most models that were ever in it at once. */
  most = 0;
  readonly #options: FakeContainerOptions;
  readonly #onStop: () => void;
  readonly #end = Promise.withResolvers<InstanceEnd>();

  constructor(options: FakeContainerOptions, launched: ContainerLaunch, onStop: () => void) {
    this.#options = options;
    this.launched = launched;
    this.#onStop = onStop;
    this.ended = this.#end.promise;
    this.models = launched.definition.Mode === "MultiModel" ? this : null;
  }

  obtain(target: string): Promise<ObtainedModel> {
    if (!target.startsWith("missing")) return Promise.resolve({ id: `id-${target}`, target });
    return Promise.reject(new ServingError("INVALID_REQUEST", `There is no ${target}.`));
  }

  async load({ id, target }: ObtainedModel): Promise<void> {
    const { clock, room = Infinity, loadMs = 50 } = this.#options;
    const isLarge = target.startsWith("large");
    const noRoom = (): boolean => this.loaded.size + (isLarge ? room : 1) > room;
    // Of a large one it is known before.
    if (isLarge && noRoom()) throw new ServingError("OUT_OF_MEMORY", "No room.");
    await pass(clock, loadMs);
    if (target.startsWith("broken")) throw new ServingError("MODEL_LOAD_FAILED", `${target} is broken.`);
    if (noRoom()) throw new ServingError("OUT_OF_MEMORY", "No room.");
    this.loaded.add(id);
    this.most = Math.max(this.most, this.loaded.size);
    this.history.push(`load ${target}`);
  }

  async unload({ id, target }: ObtainedModel): Promise<void> {
    await pass(this.#options.clock, 5);
    this.loaded.delete(id);
    this.history.push(`unload ${target}`);
  }

  discard({ target }: ObtainedModel): Promise<void> {
    this.history.push(`discard ${target}`);
    return Promise.resolve();
  }

  invoke(model: string | null, request: ContainerRequest): BackendCall {
    const { clock, answerMs = 5, answer } = this.#options;
    const outcome = pass(clock, answerMs).then((): BackendOutcome => {
      if (model !== null && !this.loaded.has(model))
        return { kind: "not-started", reason: `${model} is not loaded` };
      const usual: BackendOutcome = { kind: "answered", status: 200, headers: [], body: new Uint8Array() };
      return answer?.(model, request, this.launched) ?? usual;
    });
    return { outcome, cancel: () => undefined };
  }

  /** Ends by itself. */
  crash(): void {
    this.#onStop();
    this.#end.resolve({ reason: "exit code 3", isHopeless: false });
  }

  stop(): Promise<void> {
    this.#onStop();
    this.#end.resolve({ reason: "stopped", isHopeless: false });
    return Promise.resolve();
  }
}

function pass(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });
}
