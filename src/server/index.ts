import type { ModelSnapshot } from "../contracts/snapshot.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { ServerSettings, SettingOrigins } from "../contracts/settings.ts";
import type { SourceProblem } from "../core/ports/model-source.ts";
import { Environment, type Variables } from "../repositories/mlserver/environment.ts";
import type { FlagValues } from "../repositories/mlserver/setting-layers.ts";
import { readServerSettings } from "../repositories/mlserver/settings.ts";
import type { PythonEnvironment } from "../runtimes/python/python-runtime.ts";
import { createLogger, type ServerLogger } from "../telemetry/logger.ts";
import { checkExposure } from "./authentication.ts";
import { Composition } from "./composition.ts";

export interface StartRequest {
  /** The folder to serve. */
  readonly folder: string;
  /** Settings as the command line gave them; they win over files and variables. */
  readonly flags: FlagValues;
  readonly variables: Variables;
  readonly cwd: string;
  /** hostler's own version. */
  readonly version: string;
}

export interface RunningServer {
  readonly settings: ServerSettings;
  readonly origins: SettingOrigins;
  readonly url: string;
  readonly metricsUrl: string | null;
  readonly logger: ServerLogger;
  /** What the operator should know once. */
  readonly notices: readonly string[];
  /** Models that cannot be served, and why; the rest are served. */
  readonly problems: readonly SourceProblem[];
  /** The Python environments that the models use, when they have reported. */
  readonly environments: Promise<readonly PythonEnvironment[]>;
  /** Resolves when every load of the start has ended; with `strict`, rejects when one failed. */
  readonly loaded: Promise<readonly ModelSnapshot[]>;
  /** The models as they are now. */
  snapshot(): readonly ModelSnapshot[];
  /** Finishes what is under way, then ends every process; with `force`, at once. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

/** Reads the folder, listens, and begins to load. Rejects, with nothing left running, when it cannot listen. */
export async function startServer(request: StartRequest): Promise<RunningServer> {
  const { folder, flags, variables, cwd, version } = request;
  const environment = await Environment.read(cwd, variables);
  const { settings, origins, notices } = await readServerSettings({ folder, flags, environment, version });
  checkExposure(settings, origins.host);
  const logger = createLogger({ level: settings.logLevel, format: formatOf(settings) });
  const composition = new Composition({ folder, settings, origins, environment, logger, version });
  try {
    const report = await composition.discover();
    if (settings.strict) refuseProblems(report.problems);
    // The processes run by now; what is read and compiled from here on takes them no time.
    const { reports: environments } = await composition.prepare();
    const listening = await composition.listen();
    const loaded = loadAtStart(composition, settings);
    // Whoever does not look at these has the log; an unlooked-at rejection must not end the process.
    loaded.catch(() => undefined);
    return {
      settings,
      origins,
      ...listening,
      logger,
      notices: [...notices, ...report.notices],
      problems: report.problems,
      environments,
      loaded,
      snapshot: () => composition.snapshot(),
      stop: (options) => composition.stop(options),
    };
  } catch (error) {
    await composition.stop({ force: true });
    throw error;
  }
}

async function loadAtStart(
  composition: Composition,
  settings: ServerSettings,
): Promise<readonly ModelSnapshot[]> {
  await composition.load();
  const models = composition.snapshot();
  const failed = models.find(({ state }) => state === "failed");
  if (settings.strict && failed !== undefined) {
    throw new ServingError("MODEL_LOAD_FAILED", failed.reason ?? `${failed.name} could not be loaded.`, {
      model: failed.name,
      hint: "Without --strict the other models are served.",
    });
  }
  return models;
}

function refuseProblems(problems: readonly SourceProblem[]): void {
  const [problem] = problems;
  if (problem === undefined) return;
  const more = problems.length === 1 ? "" : ` (and ${String(problems.length - 1)} more)`;
  throw new ServingError("INVALID_SETTINGS", `${problem.reason}${more}`, {
    model: problem.name,
    where: problem.where,
    hint: problem.hint ?? "Without --strict the other models are served.",
  });
}

function formatOf({ logFormat }: ServerSettings): "json" | "pretty" {
  if (logFormat !== "auto") return logFormat;
  return process.stdout.isTTY ? "pretty" : "json";
}
