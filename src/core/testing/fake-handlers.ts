import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type {
  HandlerItem,
  HandlerLaunch,
  HandlerLauncher,
  HandlerOutcome,
  HandlerProcess,
  HandlerRequest,
} from "../ports/handler-launcher.ts";
import type { InstanceEnd } from "../ports/instance-launcher.ts";

/** How the handler of a model behaves. */
export interface FakeHandler {
  readonly loadMs: number;
  /** What loading ends with; `never` does not end before it is abandoned. */
  readonly load: "ready" | "fails" | "out-of-memory" | "never";
  readonly memoryBytes: number;
  /** How long a batch takes; never: until the process is killed. */
  readonly runMs: number | "never";
  /** `mixed-up` answers one item too many; `streams` begins its answer and never ends it. */
  readonly run: "answers" | "fails" | "crashes" | "mixed-up" | "streams";
  readonly stopMs: number;
  /** Batches that it takes at once. */
  readonly window: number;
}

const good: FakeHandler = {
  ...{ loadMs: 10, load: "ready", memoryBytes: 1000, runMs: 5, run: "answers", stopMs: 1, window: 1 },
};

export interface FakeHandlersOptions {
  readonly clock: Clock;
  /** Asked at every start. */
  readonly about: (modelName: string) => Partial<FakeHandler>;
}

/** Handlers that run on the virtual clock only; each answers with the bytes of its first input. */
export class FakeHandlers implements HandlerLauncher {
  readonly running = new Set<FakeHandlerProcess>();
  /** Being loaded. */
  loading = 0;
  starts = 0;
  /** Ids of all requests that were begun, also in processes that are gone. */
  readonly begun: string[] = [];
  readonly #options: FakeHandlersOptions;

  constructor(options: FakeHandlersOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return [...this.running].reduce((sum, { handler }) => sum + handler.memoryBytes, 0);
  }

  of(modelName: string): readonly FakeHandlerProcess[] {
    return [...this.running].filter(({ launch }) => launch.modelName === modelName);
  }

  async start(launch: HandlerLaunch): Promise<HandlerProcess> {
    const { clock, about } = this.#options;
    const handler = { ...good, ...about(launch.modelName) };
    this.starts += 1;
    this.loading += 1;
    const { promise: loaded, resolve } = Promise.withResolvers<"loaded">();
    const timer = clock.schedule(handler.load === "never" ? 1e9 : handler.loadMs, () => {
      resolve("loaded");
    });
    const outcome = await Promise.race([
      loaded,
      (launch.abandoned ?? loaded).then(() => "abandoned" as const),
    ]);
    timer.cancel();
    this.loading -= 1;
    if (outcome === "abandoned") throw new ServingError("CANCELLED", "Nobody wants it.");
    if (handler.load === "fails") throw new ServingError("MODEL_LOAD_FAILED", "The handler raised an error.");
    if (handler.load === "out-of-memory") throw new ServingError("OUT_OF_MEMORY", "System out of memory");
    return new FakeHandlerProcess({ clock, launch, handler, launcher: this });
  }
}

interface FakeBatch {
  readonly batch: readonly HandlerRequest[];
  readonly resolve: (outcome: HandlerOutcome) => void;
}

interface FakeProcessOptions {
  readonly clock: Clock;
  readonly launch: HandlerLaunch;
  readonly handler: FakeHandler;
  readonly launcher: FakeHandlers;
}

/** A handler's process that only seems to run. */
export class FakeHandlerProcess implements HandlerProcess {
  readonly pid: number;
  readonly window: number;
  readonly startedAt: number;
  readonly ended: Promise<InstanceEnd>;
  readonly launch: HandlerLaunch;
  readonly handler: FakeHandler;
  /** Ids of the requests of each batch that it ran. */
  readonly batches: (readonly string[])[] = [];
  readonly #options: FakeProcessOptions;
  readonly #end: (end: InstanceEnd) => void;
  /** The first one runs. */
  readonly #held: FakeBatch[] = [];
  #timer: Timer | null = null;

  constructor(options: FakeProcessOptions) {
    const { clock, launch, handler, launcher } = options;
    this.#options = options;
    this.launch = launch;
    this.handler = handler;
    this.pid = launcher.starts;
    this.window = handler.window;
    this.startedAt = clock.now();
    const { promise, resolve } = Promise.withResolvers<InstanceEnd>();
    this.ended = promise;
    this.#end = resolve;
    launcher.running.add(this);
  }

  run(batch: readonly HandlerRequest[]): Promise<HandlerOutcome> {
    if (!this.#options.launcher.running.has(this)) return Promise.resolve({ kind: "not-started" });
    if (this.#held.length >= this.window) throw new Error("A handler was given too many batches.");
    const { promise, resolve } = Promise.withResolvers<HandlerOutcome>();
    this.#held.push({ batch, resolve });
    if (this.#held.length === 1) this.#begin();
    return promise;
  }

  memoryBytes(): Promise<number> {
    return Promise.resolve(this.handler.memoryBytes);
  }

  kill(): void {
    if (!this.#options.launcher.running.delete(this)) return;
    this.#timer?.cancel();
    const [running, ...held] = this.#held.splice(0);
    // In the order in which it is known: how a process has ended comes last.
    for (const { resolve } of held) resolve({ kind: "not-started" });
    running?.resolve({ kind: "crashed", reason: "killed by SIGKILL" });
    this.#end({ reason: "killed by SIGKILL", isHopeless: false });
  }

  stop(graceMs: number): Promise<void> {
    const { clock, handler } = this.#options;
    return new Promise((resolve) => {
      clock.schedule(Math.min(graceMs, handler.stopMs), () => {
        this.kill();
        resolve();
      });
    });
  }

  #begin(): void {
    const { clock, handler } = this.#options;
    const [running] = this.#held;
    if (running === undefined) return;
    const ids = running.batch.map(({ id }) => id);
    this.batches.push(ids);
    this.#options.launcher.begun.push(...ids);
    if (handler.run === "streams") {
      const items = running.batch.map(echoed);
      running.resolve({ kind: "answered", items, streamed: this.ended });
      return;
    }
    this.#timer = clock.schedule(handler.runMs === "never" ? 1e9 : handler.runMs, () => {
      if (handler.run === "crashes") {
        this.kill();
        return;
      }
      this.#held.shift();
      running.resolve(this.#outcome(running.batch));
      this.#begin();
    });
  }

  #outcome(batch: readonly HandlerRequest[]): HandlerOutcome {
    const { run } = this.handler;
    if (run === "fails") {
      return { kind: "failed", status: 503, message: "Prediction failed", type: "InternalServerException" };
    }
    const items = batch.map(echoed);
    return { kind: "answered", items: run === "mixed-up" ? [...items, ...items.slice(0, 1)] : items };
  }
}

function echoed({ inputs }: HandlerRequest): HandlerItem {
  const body = inputs[0]?.bytes ?? new Uint8Array();
  return { status: 200, phrase: "", headers: [], contentType: null, body };
}
