import { performance } from "node:perf_hooks";
import { ServingError } from "../../contracts/serving-error.ts";
import type { RunningServer } from "../../server/index.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import { describeHolder, portHolder } from "../../engines/process/port-holder.ts";
import { version } from "../version.ts";
import { tellOfModels, tellOfStart } from "./announce.ts";
import type { ServeRequest } from "./serve-request.ts";
import { exitCodeOfSignal, isSignal, type StopSignals, watchSignals } from "./signals.ts";
import { standInNotices } from "./stand-in.ts";
import { stopServer } from "./stop-server.ts";

/** Serves until it is told to stop, and tells how it goes. */
export async function serveFolder(request: ServeRequest, context: Context): Promise<ExitCode> {
  using signals = watchSignals(process);
  const server = await Promise.race([start(request, context), signals.insisted]);
  if (isSignal(server)) return exitCodeOfSignal(server);
  try {
    await tellUntilAsked(server, request, context, signals);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return await stopServer(server, signals, context);
}

async function start(request: ServeRequest, { environment, cwd }: Context): Promise<RunningServer> {
  const { startServer } = await import("../../server/index.ts");
  const { folder, flags } = request;
  try {
    return await startServer({ folder, flags, variables: environment, cwd, version: version() });
  } catch (error) {
    throw explained(ServingError.from(error));
  }
}

/** Resolves when a signal asks for the end; rejects when the start fails. */
async function tellUntilAsked(
  server: RunningServer,
  { folder, standIn }: ServeRequest,
  context: Context,
  { asked }: StopSignals,
): Promise<void> {
  const { url, metricsUrl, logger, problems, settings, origins } = server;
  const notices = [
    ...standInNotices(standIn, { host: settings.host, origin: origins.host }),
    ...server.notices,
  ];
  const needsKey = settings.apiKeySha256.length > 0;
  const announced = { url, metricsUrl, logger, problems, notices, needsKey };
  tellOfStart(announced, context);
  const models = await Promise.race([server.loaded, asked]);
  if (isSignal(models)) return;
  // Since the process began, which is what the person at the terminal has waited.
  await tellOfModels(announced, { models, elapsedMs: performance.now(), folder }, context);
  await asked;
}

/** What only the command line can add to an error of the start. */
function explained(error: ServingError): ServingError {
  const { code, message, details } = error;
  // A model's settings, refused by --strict: the operation failed, the command line was right.
  if (code === "INVALID_SETTINGS" && details.model !== undefined) {
    return new ServingError("MODEL_LOAD_FAILED", `${details.model}: ${message}`, details, { cause: error });
  }
  const port = Number(details.got);
  if (code !== "PORT_UNAVAILABLE" || !Number.isInteger(port)) return error;
  const holder = portHolder(port);
  const hint = "Stop it, or choose another port with --port or --metrics-port; 0 takes any free one.";
  const by = holder === null ? "another program" : describeHolder(holder);
  return new ServingError(
    code,
    message.replace("another program", by),
    { ...details, hint },
    { cause: error },
  );
}
