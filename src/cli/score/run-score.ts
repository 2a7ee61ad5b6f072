import { ServingError } from "../../contracts/serving-error.ts";
import type { ScoreServer } from "../../server/score/index.ts";
import { reportError } from "../errors.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { UsageError } from "../framework/usage-error.ts";
import type { Context } from "../framework/command.ts";
import { exitCodeOfSignal, isSignal, type StopSignals, watchSignals } from "../serve/signals.ts";
import { BadArgument, planScore, type ScoreArguments, type ScorePlan } from "./arguments.ts";
import { settingsBanner } from "./settings-banner.ts";

export interface ScoreRequest extends ScoreArguments {
  readonly host: string;
  readonly insecureNoAuth: boolean;
  readonly reload: boolean;
  readonly python: string | undefined;
  readonly maxBody: number;
}

/** azmlinfsrv's own: 1 where its arguments are wrong, 3 where the script or its settings do not let it start. */
const badArguments = exitCodes.failed;
const cannotStart = 3 satisfies ExitCode;

/** Serves a scoring script until it is told to stop; everything that is told goes to standard output, as there. */
export async function runScore(request: ScoreRequest, context: Context): Promise<ExitCode> {
  const { serverVersion } = await import("../../protocols/azmlinfsrv/contract.ts");
  const { out, err } = context.terminal;
  let plan: ScorePlan;
  try {
    checkHost(request);
    plan = planScore(request, context.environment, { cwd: context.cwd, serverVersion });
  } catch (error) {
    if (!(error instanceof BadArgument)) throw error;
    out.write(`Error!\n${error.message}\n`);
    return badArguments;
  }
  out.write(settingsBanner(plan, serverVersion.replace("azmlinfsrv/", "")));
  using signals = watchSignals(process);
  let server: ScoreServer;
  try {
    server = await start(request, plan, context);
  } catch (error) {
    return reportError(error, err, context.environment);
  }
  return await serve(server, signals, context);
}

async function start(
  request: ScoreRequest,
  plan: ScorePlan,
  { terminal, cwd }: Context,
): Promise<ScoreServer> {
  const { startScoreServer } = await import("../../server/score/index.ts");
  const { chooseInterpreter } = await import("../../runtimes/python/interpreter.ts");
  const { host, reload, python, maxBody } = request;
  const { appRoot, entryScript, port, healthPort, workers, variables, serverVersion } = plan;
  return await startScoreServer({
    interpreter: chooseInterpreter(python ?? null, variables).path,
    appRoot,
    folder: cwd,
    entryScript,
    workers,
    variables,
    host,
    port,
    healthPort,
    serverVersion,
    reloads: reload,
    maxBodyBytes: maxBody,
    write: (text) => {
      terminal.out.write(text);
    },
  });
}

async function serve(
  server: ScoreServer,
  signals: StopSignals,
  { terminal, environment }: Context,
): Promise<ExitCode> {
  try {
    const began = await Promise.race([server.started, signals.asked]);
    if (!isSignal(began)) {
      const why = await Promise.race([server.ended, signals.asked]);
      if (!isSignal(why))
        throw new ServingError("WORKER_DIED", `The script cannot be run any longer: ${why}`);
    }
  } catch (error) {
    await server.stop({ force: true });
    reportError(error, terminal.err, environment);
    return cannotStart;
  }
  const stopped = server.stop().then(() => "stopped" as const);
  const signal = await Promise.race([stopped, signals.insisted]);
  if (signal === "stopped") return exitCodes.ok;
  await server.stop({ force: true });
  return exitCodeOfSignal(signal);
}

/** Code that anybody may call is only served off loopback to whoever says so. */
function checkHost({ host, insecureNoAuth }: ScoreRequest): void {
  if (insecureNoAuth || /^(localhost|127(\.\d+){3}|::1)$/.test(host)) return;
  throw new UsageError(
    `--host ${host} lets everybody on the network call the script, and scoring servers know no keys.`,
    "Say --insecure-no-auth if that is meant (as in a container), or serve it with hostler up, which has keys.",
  );
}
