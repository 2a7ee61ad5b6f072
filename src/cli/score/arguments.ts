import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";

/** What was typed, as it was typed. */
export interface ScoreArguments {
  readonly entryScript: string | undefined;
  readonly modelDir: string | undefined;
  readonly port: string | undefined;
  readonly healthPort: string | undefined;
  readonly workerCount: string | undefined;
  readonly appInsightsKey: string | undefined;
  readonly corsOrigins: string | undefined;
  readonly configFile: string | undefined;
}

/** What azmlinfsrv makes of its arguments and its environment. */
export interface ScorePlan {
  readonly appRoot: string;
  readonly entryScript: string | null;
  readonly port: number;
  readonly healthPort: number | null;
  readonly workers: number;
  readonly serverVersion: string | null;
  /** The environment of the script, all of it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Sentences to print before the banner. */
  readonly notices: readonly string[];
}

const defaultPort = 5001;
const defaultHealthPort = 5000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An argument that cannot be: ends the program with 1. */
export class BadArgument extends Error {
  override readonly name = "BadArgument";
}

const needsScript =
  "Either provide an entry_script using --entry_script or provide a path to the configuration file using --config_file";

/** @param serverVersion what `x-ms-server-version` says unless it is turned off */
export function planScore(
  given: ScoreArguments,
  environment: NodeJS.ProcessEnv,
  { cwd, serverVersion }: { readonly cwd: string; readonly serverVersion: string },
): ScorePlan {
  if (!isGiven(given.entryScript) && !isGiven(given.configFile)) throw new BadArgument(needsScript);
  const variables = setVariables(environment);
  setUnless(variables, "AML_APP_ROOT", cwd);
  if (isGiven(given.entryScript)) variables["AZUREML_ENTRY_SCRIPT"] = realPath(cwd, given.entryScript);
  if (isGiven(given.configFile)) variables["AZUREML_CONFIG_FILE"] = realPath(cwd, given.configFile);
  set(variables, "AZUREML_MODEL_DIR", given.modelDir);
  set(variables, "AML_CORS_ORIGINS", given.corsOrigins);
  set(variables, "WORKER_COUNT", given.workerCount);
  setUnless(variables, "WORKER_COUNT", "1");
  const workers = wholeNumber("worker count", variables["WORKER_COUNT"] ?? "1", Number.MAX_SAFE_INTEGER);
  const { port, healthPort } = ports(given, variables);
  const version = versionSaid(environment) ? serverVersion : null;
  if (version !== null) variables["HTTP_X_MS_SERVER_VERSION"] = version;
  const notices = [...modelNotice(variables), ...insights(given.appInsightsKey, variables)];
  return {
    appRoot: resolve(cwd, variables["AML_APP_ROOT"] ?? cwd),
    entryScript: variables["AZUREML_ENTRY_SCRIPT"] ?? null,
    port,
    healthPort,
    workers,
    serverVersion: version,
    variables,
    notices,
  };
}

type Variables = Record<string, string>;

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

function setVariables(environment: NodeJS.ProcessEnv): Variables {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

function set(variables: Variables, name: string, value: string | undefined): void {
  if (value !== undefined) variables[name] = value;
}

function setUnless(variables: Variables, name: string, value: string): void {
  variables[name] ??= value;
}

function realPath(cwd: string, path: string): string {
  const absolute = resolve(cwd, path);
  return existsSync(absolute) ? realpathSync(absolute) : absolute;
}

/** SERVER_PORT of the environment counts for nothing there; a health port only where a listener of its own is asked for. */
function ports(
  given: ScoreArguments,
  variables: Variables,
): { readonly port: number; readonly healthPort: number | null } {
  const port = given.port === undefined ? defaultPort : wholeNumber("port", given.port, 65_535);
  const healthPort =
    given.healthPort === undefined ? defaultHealthPort : wholeNumber("port", given.healthPort, 65_535);
  const isSeparate = variables["SEPERATE_HEALTH_ENDPOINT"] === "true";
  variables["SERVER_PORT"] = String(port);
  variables["HEALTH_PORT"] = String(isSeparate ? healthPort : port);
  return { port, healthPort: isSeparate && healthPort !== port ? healthPort : null };
}

function wholeNumber(what: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= 1 && value <= most) return value;
  const range = most === 65_535 ? "within the range [1, 65535]" : "greater than zero";
  throw new BadArgument(`Specified ${what} '${text}' is invalid. Please specify a ${what} ${range}.`);
}

function versionSaid(environment: NodeJS.ProcessEnv): boolean {
  const setting = environment["SERVER_VERSION_LOG_RESPONSE_ENABLED"];
  return setting === undefined || setting.toLowerCase() === "true";
}

function modelNotice(variables: Variables): readonly string[] {
  if (variables["AZUREML_MODEL_DIR"] !== undefined) return [];
  return [
    "The environment variable 'AZUREML_MODEL_DIR' has not been set.",
    "Use the --model_dir command line argument to set it.",
  ];
}

/** The key is checked and told as there; nothing is ever sent to Application Insights from here. */
function insights(key: string | undefined, variables: Variables): readonly string[] {
  if (key !== undefined) {
    variables["AML_APP_INSIGHTS_ENABLED"] = "true";
    variables["AML_APP_INSIGHTS_KEY"] = key;
  }
  const known = variables["AML_APP_INSIGHTS_KEY"];
  if (variables["AML_APP_INSIGHTS_ENABLED"] !== "true" || known === undefined) {
    variables["AML_APP_INSIGHTS_ENABLED"] = "false";
    return [];
  }
  if (uuid.test(known)) return ["Valid Application Insights instrumentation key provided."];
  variables["AML_APP_INSIGHTS_ENABLED"] = "false";
  return [
    "Invalid Application Insights instrumentation key provided.",
    "Application Insights has been disabled.",
  ];
}
