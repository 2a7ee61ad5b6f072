import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Connection } from "./connection.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Reception } from "./reception.ts";
import type { ScriptLog } from "./scoring.ts";
import { ScoringWorker } from "./scoring-worker.ts";
import { Zygote } from "./zygote.ts";

/** How long a forked process may take to say HELLO. */
const forkTimeoutMs = 10_000;
/** How long the news of a process's end may take. */
const exitNewsMs = 2_000;
const roles = ["worker", "lifeline", "stdout", "stderr"] as const;
/** With more threads than one, what a zygote imports may hold locks that a fork would never see released. */
const threadVariables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] as const;

export interface ScoringEnvironmentOptions {
  readonly interpreter: string;
  readonly program: string;
  /** The whole environment of the processes. */
  readonly variables: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A process that was forked, before and after it ends. */
export interface ForkedWorker {
  readonly worker: ScoringWorker;
  /** As `exit code 3`; resolves when nothing of it is left. */
  readonly exited: Promise<string>;
}

/**
 * One interpreter with one set of variables: a zygote that has them from its start, as a server that is started with
 * them would, and forks the processes of every instance that asks for the same.
 */
export class ScoringEnvironment {
  readonly #options: ScoringEnvironmentOptions;
  readonly #exits = new Map<number, (reason: string) => void>();
  readonly #imports = new Set<string>();
  #zygote: Promise<Zygote> | null = null;
  #nextWorker = 1;

  constructor(options: ScoringEnvironmentOptions) {
    this.#options = options;
  }

  /** Forks a process for a script; what it writes goes to the log from its first line on. */
  async fork(log: ScriptLog, onGone: () => void): Promise<ForkedWorker> {
    const { clock, reception } = this.#options;
    const zygote = await this.#startedZygote();
    const arrival = Promise.withResolvers<ReadonlyMap<string, Connection>>();
    const arrived = new Map<string, Connection>();
    const token = reception.expect({
      roles: new Set(roles),
      onArrival: (connection, { role }) => {
        arrived.set(role, connection);
        if (role === "stdout" || role === "stderr")
          follow(connection, (line) => {
            log(role, line);
          });
        if (arrived.size === roles.length) arrival.resolve(arrived);
      },
    });
    const number = this.#nextWorker;
    this.#nextWorker += 1;
    const timer = clock.schedule(forkTimeoutMs, () => {
      arrival.reject(new ServingError("WORKER_DIED", "A forked process did not report in time."));
    });
    try {
      const pid = await zygote.fork(number, token, "scoring");
      const exited = Promise.withResolvers<string>();
      this.#exits.set(pid, exited.resolve);
      const connections = await arrival.promise;
      const [data, lifeline] = [connections.get("worker"), connections.get("lifeline")];
      if (data === undefined || lifeline === undefined)
        throw new ServingError("INTERNAL", "A role is missing.");
      const gone = (): void => {
        // Its zygote may have gone before it, and then nobody tells.
        clock.schedule(exitNewsMs, () => {
          this.#exited(pid, "its connection closed");
        });
        onGone();
      };
      const worker = new ScoringWorker({ data, lifeline, pid, clock, onGone: gone });
      return { worker, exited: exited.promise };
    } finally {
      timer.cancel();
      reception.dismiss(token);
    }
  }

  /** Lets the zygote import what a script needed, so that the next process starts with it. */
  learn(modules: readonly string[]): void {
    const { variables, logger } = this.#options;
    if (threadVariables.some((name) => (variables[name] ?? "1") !== "1")) return;
    const news = modules.filter((module) => !this.#imports.has(module));
    if (news.length === 0) return;
    for (const module of news) this.#imports.add(module);
    void this.#zygote
      ?.then((zygote) => zygote.import(news))
      .catch((error: unknown) => {
        logger.debug("modules could not be imported ahead", { reason: ServingError.from(error).message });
      });
  }

  async stop(): Promise<void> {
    const zygote = await this.#zygote?.catch(() => null);
    await zygote?.stop();
  }

  #exited(pid: number, reason: string): void {
    const resolve = this.#exits.get(pid);
    this.#exits.delete(pid);
    resolve?.(reason);
  }

  #startedZygote(): Promise<Zygote> {
    const { interpreter, program, variables, reception, logger } = this.#options;
    this.#zygote ??= Zygote.start({
      interpreter,
      program,
      imports: [...this.#imports],
      environment: variables,
      reception,
      logger,
      onGone: () => (this.#zygote = null),
      onExit: ({ pid, reason }) => {
        this.#exited(pid, reason);
      },
    }).catch((error: unknown) => {
      this.#zygote = null;
      throw error;
    });
    return this.#zygote;
  }
}

function follow(connection: Connection, onLine: (line: string) => void): void {
  const lines = new LineSplitter(onLine);
  connection.readBytes((chunk) => {
    lines.push(chunk);
  });
  connection.handOver({
    onFrame: () => undefined,
    onClose: () => {
      lines.end();
    },
  });
}
