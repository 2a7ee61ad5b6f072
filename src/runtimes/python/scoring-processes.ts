import { basename, dirname } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ScoringScript } from "../../core/ports/scoring-runner.ts";
import type { Reception } from "./reception.ts";
import type { ScoringInstance, ScoringLaunch, ScriptLog } from "./scoring.ts";
import { ForkedEnvironment } from "./forked-environment.ts";
import { ScoringPool } from "./scoring-pool.ts";
import { type ForkedWorker, ScoringWorker } from "./scoring-worker.ts";

export interface ScoringProcessesOptions {
  readonly program: string;
  /** Variables that every process gets, below those of its launch. */
  readonly variables: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Shared {
  readonly environment: ForkedEnvironment;
  users: number;
}

interface Loaded extends ForkedWorker {
  readonly script: ScoringScript;
}

/** Every instance of a scoring script that runs here. */
export class ScoringProcesses {
  readonly #options: ScoringProcessesOptions;
  readonly #environments = new Map<string, Shared>();
  readonly #pools = new Set<ScoringPool>();
  /** Starts under way, and how to call each of them off. */
  readonly #starts = new Map<Promise<unknown>, () => void>();

  constructor(options: ScoringProcessesOptions) {
    this.#options = options;
  }

  /**
   * Resolves when init() has returned in every process; rejects with DEPLOYMENT_FAILED and what went wrong, or with
   * SHUTTING_DOWN where it was called off.
   */
  async start(launch: ScoringLaunch, log: ScriptLog): Promise<ScoringInstance> {
    const { promise: abandoned, resolve } = Promise.withResolvers<undefined>();
    const callOff = (): void => {
      resolve(undefined);
    };
    void launch.abandoned?.then(callOff);
    const starting = this.#start(launch, log, { abandoned, callOff });
    this.#starts.set(starting, callOff);
    try {
      return await starting;
    } finally {
      this.#starts.delete(starting);
    }
  }

  get processes(): readonly number[] {
    return [...this.#pools].flatMap((pool) => pool.processes);
  }

  async stop(): Promise<void> {
    for (const callOff of this.#starts.values()) callOff();
    await Promise.allSettled(this.#starts.keys());
    await Promise.all([...this.#pools].map((pool) => pool.stop(0)));
    await Promise.all([...this.#environments.values()].map(({ environment }) => environment.stop()));
  }

  async #start(
    launch: ScoringLaunch,
    log: ScriptLog,
    { abandoned, callOff }: { readonly abandoned: Promise<unknown>; readonly callOff: () => void },
  ): Promise<ScoringInstance> {
    const shared = this.#environment(launch);
    shared.users += 1;
    const goneEarly = new Set<ScoringWorker>();
    const place: { pool: ScoringPool | null } = { pool: null };
    const onGone = (worker: ScoringWorker): void => {
      if (place.pool === null) goneEarly.add(worker);
      else place.pool.gone(worker);
    };
    const failures: ServingError[] = [];
    const { clock } = this.#options;
    const starts = Array.from({ length: launch.workers }, async () => {
      try {
        return await startWorker(shared.environment, { launch, log, onGone, clock, abandoned });
      } catch (error) {
        failures.push(ServingError.from(error));
        // Where one cannot start the others need not be waited for.
        callOff();
        throw error;
      }
    });
    const settled = await Promise.allSettled(starts);
    const started = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const [first] = started;
    const [failure] = failures;
    if (failure !== undefined || first === undefined) {
      for (const { worker } of started) worker.kill();
      await Promise.all(started.map(({ exited }) => exited));
      await this.#release(launch);
      throw failure ?? new ServingError("INTERNAL", "An instance without workers.");
    }
    place.pool = this.#pool({ launch, log, started, script: first.script, environment: shared.environment });
    for (const worker of goneEarly) place.pool.gone(worker);
    return place.pool;
  }

  #pool(parts: {
    readonly launch: ScoringLaunch;
    readonly log: ScriptLog;
    readonly started: readonly Loaded[];
    readonly script: ScoringScript;
    readonly environment: ForkedEnvironment;
  }): ScoringPool {
    const { launch, log, started, script, environment } = parts;
    const { clock } = this.#options;
    const pool = new ScoringPool({
      clock,
      log,
      script,
      started,
      start: (onGone, abandoned) => startWorker(environment, { launch, log, onGone, clock, abandoned }),
      onStopped: async () => {
        this.#pools.delete(pool);
        await this.#release(launch);
      },
    });
    this.#pools.add(pool);
    return pool;
  }

  #environment(launch: ScoringLaunch): Shared {
    const key = keyOf(launch);
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    const { program, variables, reception, clock, logger } = this.#options;
    const environment = new ForkedEnvironment({
      interpreter: launch.interpreter,
      program,
      role: "scoring",
      imports: [],
      variables: { ...variables, ...launch.variables, AML_APP_ROOT: launch.appRoot },
      reception,
      clock,
      logger,
    });
    const shared = { environment, users: 0 };
    this.#environments.set(key, shared);
    return shared;
  }

  /** The last instance that leaves takes the zygote with it. */
  async #release(launch: ScoringLaunch): Promise<void> {
    const key = keyOf(launch);
    const shared = this.#environments.get(key);
    if (shared === undefined) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    this.#environments.delete(key);
    await shared.environment.stop();
  }
}

function keyOf({ interpreter, appRoot, variables }: ScoringLaunch): string {
  const sorted = Object.entries(variables).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([interpreter, appRoot, sorted]);
}

interface Start {
  readonly launch: ScoringLaunch;
  readonly log: ScriptLog;
  readonly onGone: (worker: ScoringWorker) => void;
  readonly clock: Clock;
  readonly abandoned: Promise<unknown>;
}

async function startWorker(environment: ForkedEnvironment, start: Start): Promise<Loaded> {
  const { launch, log, onGone, clock, abandoned } = start;
  const { pid, data, lifeline, exited, closed } = await environment.fork(log);
  const place: { worker: ScoringWorker | null } = { worker: null };
  const worker = new ScoringWorker({
    data,
    lifeline,
    pid,
    clock,
    onGone: () => {
      closed();
      if (place.worker !== null) onGone(place.worker);
    },
  });
  place.worker = worker;
  const { appRoot, folder = appRoot, entryScript, isRunOptional = false, memoryBytes = null } = launch;
  const loading = { isOver: false, isAbandoned: false };
  void abandoned.then(() => {
    if (loading.isOver) return;
    loading.isAbandoned = true;
    worker.kill();
  });
  try {
    const order = { appRoot, folder, entryScript, isRunOptional, memoryBytes };
    const { script, modules } = await worker.load(order);
    environment.learn(modules);
    return { worker, exited, script };
  } catch (error) {
    // It was never anybody's: nobody is to be told that it ends.
    place.worker = null;
    worker.kill();
    const end = await exited;
    if (loading.isAbandoned) throw calledOff();
    throw failureOf(ServingError.from(error), launch, end);
  } finally {
    loading.isOver = true;
  }
}

function calledOff(): ServingError {
  return new ServingError("SHUTTING_DOWN", "The scoring script was called off before its init() returned.");
}

/** Why a script could not be started, in one sentence that names the place. */
function failureOf(error: ServingError, { entryScript, appRoot }: ScoringLaunch, end: string): ServingError {
  const script = entryScript === null ? "main" : basename(entryScript);
  const { where } = error.details;
  const message =
    error.code === "WORKER_DIED"
      ? `${script} ended its process while it was imported or in init() (${end}).`
      : `${script}: ${error.message}${where === undefined ? "" : ` (${shorten(where, appRoot)})`}`;
  const hint = "The log of the instance has the whole traceback and what lies in AZUREML_MODEL_DIR.";
  return new ServingError(
    "DEPLOYMENT_FAILED",
    message,
    { ...(where === undefined ? {} : { where }), hint },
    { cause: error },
  );
}

function shorten(where: string, appRoot: string): string {
  const root = `${appRoot}/`;
  return where.startsWith(root) ? where.slice(root.length) : `${basename(dirname(where))}/${basename(where)}`;
}
