import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { Connection } from "./connection.ts";
import type { PythonInstance } from "./python-instance.ts";
import type { Reception } from "./reception.ts";
import { Worker, type WorkerEvents } from "./worker.ts";
import { WorkerSlot } from "./worker-slot.ts";
import { Zygote } from "./zygote.ts";

export interface EnvironmentOptions {
  readonly interpreter: string;
  readonly program: string;
  readonly imports: readonly string[];
  /** Worker processes at most. */
  readonly workers: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onRestart: (reason: RestartReason) => void;
}

/** Which kind of process ended unasked. */
export type RestartReason = "worker" | "zygote";

/** How long a forked worker may take to say HELLO. */
const forkTimeoutMs = 10_000;
const firstDelayMs = 100;
const longestDelayMs = 10_000;

/** One Python environment: its zygote, and the workers forked from it. */
export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #slots: readonly WorkerSlot[];
  #zygote: Promise<Zygote> | null = null;
  #zygotePid: number | null = null;
  #zygoteDelayMs = firstDelayMs;
  #restart: Timer | null = null;
  /** What the zygote imports: the runtimes' own modules, and what models turned out to need. */
  readonly #imports: Set<string>;
  #isStopped = false;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#imports = new Set(options.imports);
    this.#slots = Array.from({ length: options.workers }, (_, index) => this.#slot(index + 1));
  }

  /** Starts the zygote; resolves with what it found out about the environment. */
  async start(): Promise<{
    readonly python: string | null;
    readonly frameworks: Readonly<Record<string, string>>;
  }> {
    const { hello } = await this.#startedZygote();
    return { python: hello.python, frameworks: hello.frameworks };
  }

  /** Forks the first worker ahead of the first model. */
  warm(): void {
    this.#slots[0]?.ready().catch((error: unknown) => {
      this.#options.logger.debug("worker could not be started ahead", {
        reason: ServingError.from(error).message,
      });
    });
  }

  /** Loads a model where the fewest are. */
  load(spec: ModelSpec): Promise<PythonInstance> {
    const [first, ...others] = this.#slots;
    if (first === undefined) throw new ServingError("INTERNAL", "An environment without workers.");
    const emptiest = others.reduce((best, slot) => (slot.models < best.models ? slot : best), first);
    return emptiest.load(spec);
  }

  /** Process ids: the zygote's, and its workers'. */
  get processes(): { readonly zygote: number | null; readonly workers: readonly number[] } {
    const workers = this.#slots.flatMap(({ worker }) => (worker === null ? [] : [worker.pid]));
    return { zygote: this.#zygotePid, workers };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#restart?.cancel();
    for (const slot of this.#slots) slot.stop();
    const zygote = await this.#zygote?.catch(() => null);
    await zygote?.stop();
  }

  #slot(number: number): WorkerSlot {
    const { clock, logger } = this.#options;
    return new WorkerSlot({
      number,
      clock,
      logger,
      start: (events) => this.#fork(number, events),
      onModules: (modules) => {
        this.#learn(modules);
      },
      onDeath: () => {
        this.#options.onRestart("worker");
      },
    });
  }

  async #fork(number: number, events: WorkerEvents): Promise<Worker> {
    const zygote = await this.#startedZygote();
    const { clock, reception } = this.#options;
    const arrival = Promise.withResolvers<{ readonly data: Connection; readonly lifeline: Connection }>();
    const arrived = new Map<string, Connection>();
    const token = reception.expect({
      roles: new Set(["worker", "lifeline"]),
      onArrival: (connection, { role }) => {
        arrived.set(role, connection);
        const [data, lifeline] = [arrived.get("worker"), arrived.get("lifeline")];
        if (data !== undefined && lifeline !== undefined) arrival.resolve({ data, lifeline });
      },
    });
    let timer: Timer | null = null;
    try {
      const pid = await zygote.fork(number, token);
      timer = clock.schedule(forkTimeoutMs, () => {
        arrival.reject(new ServingError("WORKER_DIED", "A forked worker did not report in time."));
      });
      return new Worker(await arrival.promise, pid, events);
    } catch (error) {
      // A zygote may end between a fork and telling of it: with its lifeline whatever there is of the worker ends.
      for (const connection of arrived.values()) connection.close();
      throw error;
    } finally {
      timer?.cancel();
      reception.dismiss(token);
    }
  }

  #startedZygote(): Promise<Zygote> {
    if (this.#isStopped) return Promise.reject(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    if (this.#zygote !== null) return this.#zygote;
    const { interpreter, program, environment, reception, logger } = this.#options;
    const imports = [...this.#imports];
    const onGone = (): void => {
      this.#zygoteGone(zygote);
    };
    const zygote = Zygote.start({ interpreter, program, imports, environment, reception, logger, onGone });
    this.#zygote = zygote;
    zygote.then(
      ({ pid }) => {
        if (this.#zygote === zygote) this.#zygotePid = pid;
      },
      () => {
        if (this.#zygote === zygote) this.#zygote = null;
      },
    );
    return zygote;
  }

  /** Workers outlive their zygote: a new one is started for the next fork, and nobody notices. */
  #zygoteGone(zygote: Promise<Zygote>): void {
    // Why one did not start is known later than that it ended: another may run by then.
    if (this.#zygote !== zygote) return;
    const hadStarted = this.#zygotePid !== null;
    this.#zygote = null;
    this.#zygotePid = null;
    if (this.#isStopped || !hadStarted) return;
    const { clock, logger, onRestart } = this.#options;
    onRestart("zygote");
    const delayMs = this.#zygoteDelayMs;
    this.#zygoteDelayMs = Math.min(longestDelayMs, delayMs * 2);
    logger.warn("zygote ended and is replaced; its workers go on", { delay_ms: delayMs });
    this.#restart = clock.schedule(delayMs, () => {
      this.#startedZygote().catch((error: unknown) => {
        logger.error("zygote could not be replaced", { reason: ServingError.from(error).message });
      });
    });
  }

  #learn(modules: readonly string[]): void {
    const news = modules.filter((module) => !this.#imports.has(module));
    if (news.length === 0) return;
    for (const module of news) this.#imports.add(module);
    void this.#zygote
      ?.then((zygote) => zygote.import(news))
      .catch((error: unknown) => {
        this.#options.logger.debug("modules could not be imported ahead", {
          reason: ServingError.from(error).message,
        });
      });
  }
}
