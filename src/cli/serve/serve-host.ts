import { ServingError } from "../../contracts/serving-error.ts";
import { describeHolder, portHolder } from "../../engines/process/port-holder.ts";
import type { HostProfile, RunningHost } from "../../server/mms/index.ts";
import { notice } from "../banner.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import type { GivenValue } from "../framework/option.ts";
import { UsageError } from "../framework/usage-error.ts";
import { tellListening } from "../mms/detached.ts";
import { formatFields } from "../table.ts";
import { version } from "../version.ts";
import { exitCodeOfSignal, isSignal, watchSignals } from "./signals.ts";
import { stopServer } from "./stop-server.ts";

export interface HostOrder {
  readonly profile: HostProfile;
  readonly folder: string | null;
  readonly config: string | undefined;
  readonly modelStore: string | undefined;
  readonly models: readonly string[] | undefined;
  /** hostler's own settings, as they were typed. */
  readonly flags: Readonly<Record<string, GivenValue>>;
}

/** Flags that say where V2 is served, and what says it here. */
const foreignFlags = [
  ["httpPort", "--port"],
  ["host", "--host"],
] as const;

function checkFlags({ profile, flags }: HostOrder): void {
  const typed = foreignFlags.find(([setting]) => flags[setting] !== undefined);
  if (typed === undefined) return;
  throw new UsageError(
    `${typed[1]} has no effect with --profile ${profile}.`,
    profile === "sagemaker"
      ? "Set SAGEMAKER_BIND_TO_PORT."
      : "Set inference_address and management_address in config.properties.",
  );
}

/** Hosts models as Multi Model Server or a SageMaker container does, until it is told to stop. */
export async function serveHost(order: HostOrder, context: Context): Promise<ExitCode> {
  checkFlags(order);
  using signals = watchSignals(process);
  const server = await Promise.race([start(order, context), signals.insisted]);
  if (isSignal(server)) return exitCodeOfSignal(server);
  try {
    tellOfHost(server, context);
    tellListening(context.environment);
    const loaded = await Promise.race([server.loaded, signals.asked]);
    if (!isSignal(loaded)) {
      server.logger.info("ready", { models: loaded.loaded, failed: loaded.failed.length });
      await signals.asked;
    }
  } catch (error) {
    await server.stop({ force: true });
    throw error;
  }
  return await stopServer(server, signals, context);
}

async function start(order: HostOrder, { environment, cwd }: Context): Promise<RunningHost> {
  const { startHost } = await import("../../server/mms/index.ts");
  try {
    return await startHost({ ...order, variables: environment, cwd, version: version() });
  } catch (error) {
    throw explained(ServingError.from(error));
  }
}

function tellOfHost(server: RunningHost, context: Context): void {
  const { inferenceUrl, managementUrl, metricsUrl, notices, logger } = server;
  const { out, err } = context.terminal;
  if (err.isTty) {
    const lines = [
      ["  Inference", inferenceUrl],
      ...(managementUrl === inferenceUrl ? [] : [["  Management", managementUrl] as const]),
      ...(metricsUrl === null ? [] : [["  Metrics", metricsUrl] as const]),
    ] as const;
    err.write(`\n${formatFields(lines, err.colors.cyan)}\n`);
    for (const text of notices) err.write(notice(text, err.colors));
  }
  if (out.isTty && err.isTty) return;
  const metrics = metricsUrl === null ? {} : { metrics_url: metricsUrl };
  logger.info("listening", { url: inferenceUrl, management_url: managementUrl, ...metrics });
  for (const text of notices) logger.warn("notice", { notice: text });
}

/** Who has the port, which only the command line looks for. */
function explained(error: ServingError): ServingError {
  const { code, message, details } = error;
  const port = Number(details.got);
  if (code !== "PORT_UNAVAILABLE" || !Number.isInteger(port)) return error;
  const holder = portHolder(port);
  const by = holder === null ? "another program" : describeHolder(holder);
  const hint =
    "Stop it, or choose other ports: inference_address, management_address and metrics_address, or SAGEMAKER_BIND_TO_PORT.";
  return new ServingError(
    code,
    message.replace("another program", by),
    { ...details, hint },
    { cause: error },
  );
}
