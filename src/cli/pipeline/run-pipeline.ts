import { ServingError } from "../../contracts/serving-error.ts";
import type { RunningPipeline } from "../../server/pipeline/index.ts";
import type { Context } from "../framework/command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { UsageError } from "../framework/usage-error.ts";
import { exitCodeOfSignal, isSignal, watchSignals } from "../serve/signals.ts";
import { stopServer } from "../serve/stop-server.ts";
import { formatFields } from "../table.ts";
import { readPairs, readStages } from "./stages.ts";

export interface PipelineOptions {
  readonly containers: readonly string[];
  readonly mode: "serial" | "direct";
  readonly port: number;
  readonly host: string;
  readonly accept: string | undefined;
  readonly model: readonly string[];
  readonly env: readonly string[];
  readonly pull: boolean;
  readonly startupTimeout: number;
  readonly timeout: number;
  readonly maxBody: number;
  readonly insecureNoAuth: boolean;
}

const second = 1000;

/** Runs a pipeline until it is told to stop, or one of its containers ends. */
export async function runPipeline(options: PipelineOptions, context: Context): Promise<ExitCode> {
  checkHost(options);
  using signals = watchSignals(process);
  const starting = start(options, context);
  const server = await Promise.race([starting, signals.insisted]);
  if (isSignal(server)) return exitCodeOfSignal(server);
  tell(server, context);
  const why = await Promise.race([server.broken, signals.asked]);
  if (isSignal(why)) return await stopServer(server, signals, context);
  await server.stop({ force: true });
  throw new ServingError("DEPLOYMENT_FAILED", `The container ${why.name} ended: ${why.end.reason}.`, {
    hint: "Its last lines say why.",
  });
}

async function start(
  options: PipelineOptions,
  { cwd, environment, terminal }: Context,
): Promise<RunningPipeline> {
  const { containers, model: models, mode, host, port, accept, env, pull, maxBody } = options;
  const stages = readStages({ containers, models, cwd });
  const containerVariables = Object.fromEntries([
    ...(accept === undefined ? [] : [["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", accept] as const]),
    ...readPairs("--env", env),
  ]);
  const { startPipeline } = await import("../../server/pipeline/index.ts");
  return await startPipeline({
    stages,
    mode,
    host,
    port,
    defaultAccept: accept ?? null,
    containerVariables,
    allowsPull: pull,
    startupTimeoutMs: options.startupTimeout * second,
    timeoutMs: options.timeout * second,
    maxBodyBytes: maxBody,
    variables: environment,
    onLine: (name, _source, text) => {
      terminal.err.write(`${terminal.err.colors.dim(`${name} |`)} ${text}\n`);
    },
  });
}

function tell({ url, stages }: RunningPipeline, { terminal: { err } }: Context): void {
  const fields = [
    ["  Invocations", `${url}/invocations`] as const,
    ...stages.map(({ name, where }) => [`  ${name}`, where] as const),
  ];
  err.write(`\n${formatFields(fields, err.colors.cyan)}\n`);
}

/** What containers do for anybody who asks is only offered off loopback to whoever says so. */
function checkHost({ host, insecureNoAuth }: PipelineOptions): void {
  if (insecureNoAuth || /^(localhost|127(\.\d+){3}|::1)$/.test(host)) return;
  throw new UsageError(
    `--host ${host} lets everybody on the network call the containers, and pipelines know no keys.`,
    "Say --insecure-no-auth if that is meant (as in a container).",
  );
}
