import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Connection } from "./connection.ts";
import { LineSplitter } from "./line-splitter.ts";
import { processState } from "./process-ends.ts";
import type { Reception } from "./reception.ts";
import type { ScriptLog } from "./scoring.ts";
import { type WorkerRole, Zygote } from "./zygote.ts";

/** How long a forked process may take to say HELLO. */
const forkTimeoutMs = 10_000;
/** How long the news of a process's end may take. */
const exitNewsMs = 2_000;
const lookMs = 20;
const connectionRoles = ["worker", "lifeline", "stdout", "stderr"] as const;
/** With more threads than one, what a zygote imports may hold locks that a fork would never see released. */
const threadVariables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] as const;

export interface ForkedEnvironmentOptions {
  readonly interpreter: string;
  readonly program: string;
  /** What its processes are to run: a scoring script or a handler. */
  readonly role: WorkerRole;
  /** What the zygote imports before anything is forked. */
  readonly imports: readonly string[];
  /** The whole environment of the processes. */
  readonly variables: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A process that was forked, before and after it ends. Whoever asked for it closes both connections. */
export interface ForkedProcess {
  readonly pid: number;
  readonly data: Connection;
  readonly lifeline: Connection;
  /** As `exit code 3`; resolves when nothing of it is left. */
  readonly exited: Promise<string>;
  /** Says that the data connection has closed: the news of the end is due. */
  readonly closed: () => void;
}

/**
 * One interpreter with one set of variables: a zygote that has them from its start, as a server that is started with
 * them would, and forks a process for each piece of somebody's code that is to run with the same.
 */
export class ForkedEnvironment {
  readonly #options: ForkedEnvironmentOptions;
  readonly #exits = new Map<number, (reason: string) => void>();
  /** Ends that were reported before the fork was. */
  readonly #earlyExits = new Map<number, string>();
  /** Ends that were seen here before the zygote has told of them. */
  readonly #seenExits = new Set<number>();
  readonly #imports: Set<string>;
  #zygote: Promise<Zygote> | null = null;
  #zygotePid: number | null = null;
  #nextWorker = 1;
  #isStopped = false;

  constructor(options: ForkedEnvironmentOptions) {
    this.#options = options;
    this.#imports = new Set(options.imports);
  }

  /** The zygote's process id; null where it does not run. */
  get zygotePid(): number | null {
    return this.#zygotePid;
  }

  /** Starts the zygote ahead of the first fork; rejects with ENVIRONMENT_UNUSABLE. */
  async warm(): Promise<void> {
    await this.#startedZygote();
  }

  /** Forks a process; what it writes goes to the log from its first line on. */
  async fork(log: ScriptLog): Promise<ForkedProcess> {
    const { clock, reception, role } = this.#options;
    const starting = this.#startedZygote();
    const zygote = await starting;
    const arrival = Promise.withResolvers<ReadonlyMap<string, Connection>>();
    const arrived = new Map<string, Connection>();
    const token = reception.expect({
      roles: new Set(connectionRoles),
      onArrival: (connection, hello) => {
        arrived.set(hello.role, connection);
        if (hello.role === "stdout" || hello.role === "stderr") follow(connection, hello.role, log);
        if (arrived.size === connectionRoles.length) arrival.resolve(arrived);
      },
    });
    const number = this.#nextWorker;
    this.#nextWorker += 1;
    let timer: Timer | null = null;
    try {
      const pid = await zygote.fork(number, token, role).catch((error: unknown) => {
        // Its connection tells of its end before the system does, and whoever tries again must not get it again.
        if (ServingError.from(error).code === "WORKER_DIED") this.#forget(starting);
        throw error;
      });
      timer = clock.schedule(forkTimeoutMs, () => {
        arrival.reject(new ServingError("WORKER_DIED", "A forked process did not report in time."));
      });
      const exited = this.#exitOf(pid);
      void exited.then((reason) => {
        arrival.reject(
          new ServingError("WORKER_DIED", `A forked process ended before it reported: ${reason}.`),
        );
      });
      const connections = await arrival.promise;
      const [data, lifeline] = [connections.get("worker"), connections.get("lifeline")];
      if (data === undefined || lifeline === undefined)
        throw new ServingError("INTERNAL", "A role is missing.");
      const closed = (): void => {
        this.#watchEnd(pid, exited, zygote.pid);
      };
      return { pid, data, lifeline, exited, closed };
    } catch (error) {
      // With its lifeline whatever there is of it ends.
      for (const connection of arrived.values()) connection.close();
      throw error;
    } finally {
      timer?.cancel();
      reception.dismiss(token);
    }
  }

  /** Lets the zygote import what a script needed, so that the next process starts with it. */
  learn(modules: readonly string[]): void {
    void this.import(modules);
  }

  /** The same, and resolves when it has: what is forked from then on has them. One that cannot be had is left out. */
  async import(modules: readonly string[]): Promise<void> {
    const { variables, logger } = this.#options;
    if (threadVariables.some((name) => (variables[name] ?? "1") !== "1")) return;
    const news = modules.filter((module) => !this.#imports.has(module));
    if (news.length === 0) return;
    for (const module of news) this.#imports.add(module);
    try {
      const zygote = await this.#zygote;
      await zygote?.import(news);
    } catch (error) {
      logger.debug("modules could not be imported ahead", { reason: ServingError.from(error).message });
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const zygote = await this.#zygote?.catch(() => null);
    await zygote?.stop();
  }

  #exitOf(pid: number): Promise<string> {
    const early = this.#earlyExits.get(pid);
    this.#earlyExits.delete(pid);
    if (early !== undefined) return Promise.resolve(early);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#exits.set(pid, resolve);
    return promise;
  }

  /**
   * Its zygote tells how it ended, but not while it imports, and not when it has gone before it: the system is asked, too.
   */
  #watchEnd(pid: number, exited: Promise<string>, zygotePid: number): void {
    const { clock } = this.#options;
    const closedAt = clock.now();
    let timer: Timer | null = null;
    const look = (): void => {
      const state = processState(pid);
      const isOrphan = this.#zygotePid !== zygotePid;
      const isLate = clock.now() - closedAt > exitNewsMs;
      if (state.kind === "ended" && state.reason !== null) this.#seen(pid, state.reason);
      else if (isLate || (isOrphan && state.kind !== "running")) this.#seen(pid, "its connection closed");
      else timer = clock.schedule(lookMs, look);
    };
    timer = clock.schedule(lookMs, look);
    void exited.then(() => {
      timer?.cancel();
    });
  }

  #seen(pid: number, reason: string): void {
    if (this.#zygotePid !== null) this.#seenExits.add(pid);
    this.#exited(pid, reason);
  }

  #exited(pid: number, reason: string): void {
    const resolve = this.#exits.get(pid);
    this.#exits.delete(pid);
    resolve?.(reason);
  }

  #startedZygote(): Promise<Zygote> {
    // Also the second try of a fork whose zygote went with the stop: nobody would end what it started.
    if (this.#isStopped) return Promise.reject(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    if (this.#zygote !== null) return this.#zygote;
    const { interpreter, program, variables, reception, logger } = this.#options;
    const zygote = Zygote.start({
      interpreter,
      program,
      imports: [...this.#imports],
      environment: variables,
      reception,
      logger,
      onGone: () => {
        this.#forget(zygote);
      },
      onExit: ({ pid, reason }) => {
        if (this.#exits.has(pid)) this.#exited(pid, reason);
        else if (!this.#seenExits.delete(pid)) this.#earlyExits.set(pid, reason);
      },
    });
    this.#zygote = zygote;
    zygote.then(
      ({ pid }) => (this.#zygotePid = pid),
      () => {
        this.#forget(zygote);
      },
    );
    return zygote;
  }

  /** One that ended is replaced with the next fork; its processes go on. */
  #forget(zygote: Promise<Zygote>): void {
    if (this.#zygote !== zygote) return;
    this.#zygote = null;
    this.#zygotePid = null;
    this.#seenExits.clear();
  }
}

function follow(connection: Connection, source: "stdout" | "stderr", log: ScriptLog): void {
  const lines = new LineSplitter((line) => {
    log(source, line);
  });
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
