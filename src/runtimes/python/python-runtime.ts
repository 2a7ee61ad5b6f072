import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { withoutOwnSecrets } from "../../contracts/secret-variables.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSpec, RuntimeName } from "../../core/models/model-spec.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Instance, Runtime } from "../../core/ports/runtime.ts";
import type { HandlerLaunch, HandlerLog, HandlerProcess } from "../../core/ports/handler-launcher.ts";
import { Environment, type RestartReason } from "./environment.ts";
import { HandlerProcesses } from "./handler-processes.ts";
import { missingFramework } from "./missing-framework.ts";
import { Reception } from "./reception.ts";
import type { ScoringInstance, ScoringLaunch, ScriptLog } from "./scoring.ts";
import { ScoringProcesses } from "./scoring-processes.ts";

export interface PythonRuntimeOptions {
  /** Interpreter of models that do not ask for one of their own. */
  readonly interpreter: string;
  /** Worker processes per environment, at most. */
  readonly workers: number;
  /** Variables of the server's own environment; the workers' is derived from it. */
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every process that ended unasked and is being replaced. */
  readonly onRestart: (reason: RestartReason) => void;
}

export interface PythonEnvironment {
  readonly interpreter: string;
  readonly python: string | null;
  readonly frameworks: Readonly<Record<string, string>>;
}

/** Environments whose processes run. */
export interface PreparedEnvironments {
  /** What they found, without those that could not be started: whoever loads a model there is told why. */
  readonly reports: Promise<readonly PythonEnvironment[]>;
}

/** What each runtime needs in the zygote, so that a fork has it already. */
const importsOf: Readonly<Record<RuntimeName, readonly string[]>> = {
  sklearn: ["numpy", "joblib", "sklearn"],
  xgboost: ["numpy", "xgboost"],
};

/** Models in Python processes: one environment per interpreter, one zygote each, workers forked from it. */
export class PythonRuntime implements Runtime {
  readonly #options: PythonRuntimeOptions;
  readonly #environments = new Map<string, Environment>();
  #reception: Promise<Reception> | null = null;
  #scoring: ScoringProcesses | null = null;
  #handlers: HandlerProcesses | null = null;

  constructor(options: PythonRuntimeOptions) {
    this.#options = options;
  }

  /**
   * Starts the processes that these models will need, before any of them is loaded: importing the frameworks is what
   * takes the time, so it begins first. Resolves when they run, long before they have reported.
   */
  async prepare(specs: readonly ModelSpec[]): Promise<PreparedEnvironments> {
    const byInterpreter = Map.groupBy(specs, (spec) => this.#interpreterOf(spec));
    const started = [...byInterpreter].map(async ([interpreter, models]) => {
      const environment = await this.#environment(interpreter, models);
      const about = reportOf(interpreter, environment);
      // It is looked at when all have begun.
      about.catch(() => undefined);
      return { about };
    });
    return { reports: settled((await settled(started)).map(({ about }) => about)) };
  }

  async load(spec: ModelSpec): Promise<Instance> {
    const interpreter = this.#interpreterOf(spec);
    const environment = await this.#environment(interpreter, [spec]);
    try {
      return await environment.load(spec);
    } catch (error) {
      throw missingFramework(ServingError.from(error, "MODEL_LOAD_FAILED"), { spec, interpreter });
    }
  }

  /**
   * Starts an instance of a scoring script; resolves when its init() has returned.
   * Rejects with DEPLOYMENT_FAILED, whose message ends in the last line of the traceback and the place.
   */
  async startScoring(launch: ScoringLaunch, log: ScriptLog): Promise<ScoringInstance> {
    const { clock, logger, environment } = this.#options;
    const reception = await this.#opened();
    const variables = workerVariables(environment);
    this.#scoring ??= new ScoringProcesses({ program: workerProgram(), variables, reception, clock, logger });
    return await this.#scoring.start(launch, log);
  }

  /**
   * Starts the process that handlers of an interpreter are forked from, ahead of the first of them.
   * Rejects with ENVIRONMENT_UNUSABLE.
   */
  async warmHandlers(interpreter: string, hiddenVariables: readonly string[] = []): Promise<void> {
    const handlers = await this.#handlerProcesses();
    await handlers.warm(interpreter, hiddenVariables);
  }

  /** Starts a handler; see `HandlerLauncher.start`. */
  async startHandler(launch: HandlerLaunch, log: HandlerLog): Promise<HandlerProcess> {
    const handlers = await this.#handlerProcesses();
    return await handlers.start(launch, log);
  }

  /** Process ids by what they are, for whoever measures or watches them. */
  get processes(): { readonly zygotes: readonly number[]; readonly workers: readonly number[] } {
    const all = [...this.#environments.values()].map((environment) => environment.processes);
    const handlers = this.#handlers?.processes ?? { zygotes: [], workers: [] };
    const workers = all.flatMap((environment) => environment.workers);
    return {
      zygotes: [...all.flatMap(({ zygote }) => zygote ?? []), ...handlers.zygotes],
      workers: [...workers, ...(this.#scoring?.processes ?? []), ...handlers.workers],
    };
  }

  async stop(): Promise<void> {
    await this.#scoring?.stop();
    await this.#handlers?.stop();
    await Promise.all([...this.#environments.values()].map((environment) => environment.stop()));
    const reception = await this.#reception;
    await reception?.stop();
  }

  /** One that could not be opened is tried again by the next who needs it. */
  async #opened(): Promise<Reception> {
    const opening = (this.#reception ??= Reception.open());
    try {
      return await opening;
    } catch (error) {
      if (this.#reception === opening) this.#reception = null;
      throw error;
    }
  }

  async #handlerProcesses(): Promise<HandlerProcesses> {
    const { clock, logger, environment } = this.#options;
    const reception = await this.#opened();
    const variables = workerVariables(environment);
    this.#handlers ??= new HandlerProcesses({
      program: workerProgram(),
      variables,
      reception,
      clock,
      logger,
    });
    return this.#handlers;
  }

  #interpreterOf(spec: ModelSpec): string {
    return spec.interpreter ?? this.#options.interpreter;
  }

  async #environment(interpreter: string, models: readonly ModelSpec[]): Promise<Environment> {
    const { workers, clock, logger, onRestart } = this.#options;
    const reception = await this.#opened();
    const known = this.#environments.get(interpreter);
    if (known !== undefined) return known;
    const imports = [...new Set(models.flatMap(({ runtime }) => importsOf[runtime]))];
    const environment = new Environment({
      interpreter,
      program: workerProgram(),
      imports,
      workers,
      environment: workerVariables(this.#options.environment),
      reception,
      clock,
      logger,
      onRestart,
    });
    this.#environments.set(interpreter, environment);
    return environment;
  }
}

async function reportOf(interpreter: string, environment: Environment): Promise<PythonEnvironment> {
  const about = await environment.start();
  environment.warm();
  return { interpreter, ...about };
}

async function settled<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/**
 * The workers' environment: one thread each unless told otherwise (with more, XGBoost and HistGradientBoosting fight
 * for the cores and get 7 to 20 times slower under load), and one malloc arena, so that freed memory goes back.
 */
function workerVariables(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    OMP_NUM_THREADS: "1",
    OPENBLAS_NUM_THREADS: "1",
    MKL_NUM_THREADS: "1",
    MALLOC_ARENA_MAX: "1",
    ...withoutOwnSecrets(variables),
  };
}

/** The worker package lies beside the sources and beside the bundle alike: `python/` in the package's root. */
function workerProgram(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const program = join(folder, "python", "src", "hostler", "__main__.py");
    if (existsSync(program)) return program;
    if (folder === dirname(folder)) {
      throw new ServingError("ENVIRONMENT_UNUSABLE", "The Python worker is missing from this installation.", {
        hint: "Install hostler again.",
      });
    }
  }
}
