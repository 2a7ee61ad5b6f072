import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { HandlerLaunch, HandlerLauncher, HandlerLog } from "../../core/ports/handler-launcher.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { ForkedEnvironment, type ForkedProcess } from "./forked-environment.ts";
import { importsOf } from "./handler-imports.ts";
import { HandlerWorker } from "./handler-worker.ts";
import type { Reception } from "./reception.ts";

export interface HandlerProcessesOptions {
  readonly program: string;
  /** Variables that every process gets, below those of its launch. */
  readonly variables: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a process of ours needs before it knows its handler: forked, it has it already. */
const imports = ["hostler.handlers.worker"];

/** Every process with a handler. Zygotes stay until the end, so that a model that comes back loads at once. */
export class HandlerProcesses implements HandlerLauncher {
  readonly #options: HandlerProcessesOptions;
  readonly #environments = new Map<string, ForkedEnvironment>();
  readonly #workers = new Set<HandlerWorker>();
  #isStopped = false;

  constructor(options: HandlerProcessesOptions) {
    this.#options = options;
  }

  /** Starts the zygote for an interpreter ahead of the first handler; rejects with ENVIRONMENT_UNUSABLE. */
  async warm(interpreter: string, hiddenVariables: readonly string[] = []): Promise<void> {
    await this.#environment({ interpreter, hiddenVariables, isBare: false }).warm();
  }

  async start(launch: HandlerLaunch, log: HandlerLog): Promise<HandlerWorker> {
    const { interpreter, hiddenVariables = [] } = launch;
    const { isBare, modules: ahead } = await importsOf(launch);
    const environment = this.#environment({ interpreter, hiddenVariables, isBare });
    await environment.import(ahead);
    const killsBefore = await outOfMemoryKills();
    const forked = await forkedFrom(environment, launch, log);
    const worker = new HandlerWorker(forked, this.#options.clock);
    this.#workers.add(worker);
    void worker.ended.then(() => this.#workers.delete(worker));
    let isLoading = true;
    void launch.abandoned?.then(() => {
      if (isLoading) worker.kill();
    });
    try {
      const modules = await worker.load(launch);
      if (!isBare) environment.learn(modules);
      if (!this.#isStopped) return worker;
      throw new ServingError("SHUTTING_DOWN", "The server is stopping.");
    } catch (error) {
      worker.kill();
      const end = await forked.exited;
      const wasTooLarge = end === "killed by SIGKILL" && (await outOfMemoryKills()) > killsBefore;
      throw failureOf(ServingError.from(error), { launch, end, wasTooLarge });
    } finally {
      isLoading = false;
    }
  }

  /** Process ids by what they are. */
  get processes(): { readonly zygotes: readonly number[]; readonly workers: readonly number[] } {
    const zygotes = [...this.#environments.values()].flatMap(({ zygotePid }) => zygotePid ?? []);
    return { zygotes, workers: [...this.#workers].map(({ pid }) => pid) };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#workers].map((worker) => worker.stop(0)));
    await Promise.all([...this.#environments.values()].map((environment) => environment.stop()));
  }

  #environment(wanted: {
    readonly interpreter: string;
    readonly hiddenVariables: readonly string[];
    /** Nothing is imported ahead: the handler has packages of its own, and maybe other versions. */
    readonly isBare: boolean;
  }): ForkedEnvironment {
    const { interpreter, hiddenVariables, isBare } = wanted;
    const key = JSON.stringify([interpreter, [...hiddenVariables].sort(), isBare]);
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    const { program, reception, clock, logger } = this.#options;
    const hidden = new Set(hiddenVariables);
    const seen = Object.entries(this.#options.variables).filter(([name]) => !hidden.has(name));
    const variables = Object.fromEntries(seen);
    const role = "handler";
    const options = { interpreter, program, role, imports, variables, reception, clock, logger } as const;
    const environment = new ForkedEnvironment(options);
    this.#environments.set(key, environment);
    return environment;
  }
}

/** A zygote that ends meanwhile is replaced, once. */
async function forkedFrom(
  environment: ForkedEnvironment,
  launch: HandlerLaunch,
  log: HandlerLog,
): Promise<ForkedProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await environment.fork(log);
    } catch (error) {
      const failure = ServingError.from(error);
      if (failure.code === "WORKER_DIED" && attempt === 1) continue;
      throw failureOf(failure, { launch, end: failure.message, wasTooLarge: false });
    }
  }
}

/** How often the kernel has ended a process because memory ran out; 0 where it does not tell. */
async function outOfMemoryKills(): Promise<number> {
  const text = await readFile("/proc/vmstat", "utf8").catch(() => "");
  return Number(/^oom_kill (\d+)$/mu.exec(text)?.[1] ?? 0);
}

/** Why a handler could not be started, in one sentence that names the place. */
function failureOf(
  error: ServingError,
  how: { readonly launch: HandlerLaunch; readonly end: string; readonly wasTooLarge: boolean },
): ServingError {
  const { launch, end, wasTooLarge } = how;
  const { handler, modelName, modelFolder } = launch;
  const { where } = error.details;
  const place = where === undefined ? "" : ` (${shorten(where, modelFolder)})`;
  const about = { model: modelName, ...(where === undefined ? {} : { where }) };
  const hint = "The model's log has the whole traceback.";
  const cause = { cause: error };
  if (error.code === "OUT_OF_MEMORY" || wasTooLarge) {
    const what = wasTooLarge ? "the system ended its process" : error.message;
    const message = `There is not enough memory to load model ${modelName}: ${what}${place}.`;
    return new ServingError(
      "OUT_OF_MEMORY",
      message,
      { ...about, hint: "Unload a model, then try again." },
      cause,
    );
  }
  if (error.code === "SHUTTING_DOWN" || error.code === "ENVIRONMENT_UNUSABLE") return error;
  const what =
    error.code === "WORKER_DIED"
      ? `it ended its process while it was imported or loaded its model (${end})`
      : `${error.message}${place}`;
  const message = `Handler ${handler} of model ${modelName}: ${what}`;
  return new ServingError("MODEL_LOAD_FAILED", message, { ...about, hint }, cause);
}

function shorten(where: string, folder: string): string {
  const root = `${folder}/`;
  return where.startsWith(root) ? where.slice(root.length) : `${basename(dirname(where))}/${basename(where)}`;
}
