import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { EngineChoice } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { RunningUp } from "../../server/up/index.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import { describeHolder, portHolder } from "../../engines/process/port-holder.ts";
import { exitCodeOfSignal, isSignal, watchSignals } from "../serve/signals.ts";
import { shellQuote } from "../shell-quote.ts";
import { stopServer } from "../serve/stop-server.ts";
import { version } from "../version.ts";
import { tellOfEndpoints, tellOfUp } from "./announce-up.ts";

export interface UpOptions {
  readonly dir: string | undefined;
  readonly state: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly engine: EngineChoice;
  readonly pull: boolean;
  readonly python: string | undefined;
  readonly adminKeyFile: string | undefined;
  readonly printEnv: boolean;
  readonly logLevel: string | undefined;
  readonly logFormat: string | undefined;
}

/** Runs endpoints until it is told to stop. */
export async function runUp(options: UpOptions, context: Context): Promise<ExitCode> {
  const stateFolder = stateFolderOf(options, context);
  if (options.printEnv) return await printVariables(stateFolder, options, context);
  using signals = watchSignals(process);
  const server = await Promise.race([start(stateFolder, options, context), signals.insisted]);
  if (isSignal(server)) return exitCodeOfSignal(server);
  try {
    tellOfUp(server, context);
    const restored = await Promise.race([server.restored, signals.asked]);
    if (!isSignal(restored)) tellOfEndpoints(restored, context);
    await signals.asked;
  } catch (error) {
    await server.stop();
    throw error;
  }
  return await stopServer(server, signals, context);
}

async function start(stateFolder: string, options: UpOptions, context: Context): Promise<RunningUp> {
  const { startUp } = await import("../../server/up/index.ts");
  const { dir, host, port, engine, pull, python, adminKeyFile, logLevel, logFormat } = options;
  const { environment, cwd } = context;
  const typed = { host, python, logLevel, logFormat };
  const flags = Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== undefined));
  try {
    return await startUp({
      folder: dir === undefined ? null : resolve(cwd, dir),
      stateFolder,
      port,
      engine,
      allowsPull: pull,
      adminKeyFile: adminKeyFile === undefined ? null : resolve(cwd, adminKeyFile),
      flags,
      variables: environment,
      cwd,
      version: version(),
    });
  } catch (error) {
    throw explained(ServingError.from(error));
  }
}

async function printVariables(
  stateFolder: string,
  { port, host }: UpOptions,
  { environment, terminal: { out } }: Context,
): Promise<ExitCode> {
  const { awsVariablesOf, clientVariablesOf } = await import("../../server/up/client-variables.ts");
  const knownBundle = environment["REQUESTS_CA_BUNDLE"];
  const variables = await clientVariablesOf({ stateFolder, port, knownBundle });
  const aws = awsVariablesOf({ host, port });
  for (const [name, value] of Object.entries({ ...variables, ...aws })) {
    out.write(`export ${name}=${shellQuote(value)}\n`);
  }
  out.write("# boto3 asks for a region and credentials too, which may be any:\n");
  out.write("#   AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n");
  return exitCodes.ok;
}

/** As the XDG base directory specification has it. */
function stateFolderOf({ state }: UpOptions, { environment, cwd }: Context): string {
  if (state !== undefined) return resolve(cwd, state);
  const base = environment["XDG_STATE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".local", "state") : base, "hostler");
}

function explained(error: ServingError): ServingError {
  const { code, message, details } = error;
  const port = Number(details.got);
  if (code !== "PORT_UNAVAILABLE" || !Number.isInteger(port)) return error;
  const holder = portHolder(port);
  const by = holder === null ? "another program" : describeHolder(holder);
  const hint = "Stop it, or choose other ports with --port; it and the next two are used.";
  return new ServingError(
    code,
    message.replace("another program", by),
    { ...details, hint },
    { cause: error },
  );
}
