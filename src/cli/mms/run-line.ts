import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context, ForeignCommand } from "../framework/command.ts";
import { type MmsServerArguments, parseMmsLine } from "./arguments.ts";
import { startDetached } from "./detached.ts";
import { isFolder, PidFile } from "./pid-file.ts";
import { stopDetached } from "./stop.ts";

const usage = `usage: multi-model-server [-h] [--start | --stop] [--mms-config MMS_CONFIG]
                          [--model-store MODEL_STORE]
                          [--models MODEL_PATH1 MODEL_NAME=MODEL_PATH2... [MODEL_PATH1 MODEL_NAME=MODEL_PATH2... ...]]
                          [--log-config LOG_CONFIG] [--foreground]
`;

const description = `
hostler, standing in for Multi Model Server.

  --start                Start the server; it goes on when this command has ended
  --stop                 Stop it: calls under way are answered first
  --mms-config FILE      config.properties; "sagemaker" for SageMaker's containers
  --model-store FOLDER   where models are loaded from
  --models ...           models to load at the start, as NAME=URL or URL; ALL for all
  --log-config FILE      accepted, and of no effect: the log is standard output
  --foreground           stay until the server ends
`;

/** The command line of `multi-model-server`, for the stand-ins of that name. */
export const mms: ForeignCommand = {
  run: runMmsLine,
  complete: () => "file",
};

async function runMmsLine(words: readonly string[], context: Context): Promise<ExitCode> {
  const line = parseMmsLine(words);
  const { out, err } = context.terminal;
  switch (line.kind) {
    case "help":
      out.write(usage + description);
      return exitCodes.ok;
    case "wrong":
      err.write(`${usage}multi-model-server: error: ${line.message}\n`);
      return exitCodes.usage;
    case "stop":
      out.write(`${await stopDetached(new PidFile(context.environment))}\n`);
      return exitCodes.ok;
    case "start":
      return await start(line.server, line.inForeground, context);
  }
}

async function start(server: MmsServerArguments, inForeground: boolean, context: Context): Promise<ExitCode> {
  const { out } = context.terminal;
  const pidFile = new PidFile(context.environment);
  const known = pidFile.read();
  if (known?.isAlive === true) {
    out.write("Model server is already running, please use multi-model-server --stop to stop MMS.\n");
    return exitCodes.failed;
  }
  if (known !== null) {
    out.write("Removing orphan pid file.\n");
    pidFile.remove();
  }
  const wrong = mistakeOf(server, context);
  if (wrong !== null) {
    out.write(`${wrong}\n`);
    return exitCodes.failed;
  }
  if (!inForeground) return await startDetached(server, pidFile, context);
  const { serveHost } = await import("../serve/serve-host.ts");
  const { config, modelStore, models } = server;
  pidFile.write(process.pid);
  try {
    const given = { config, modelStore, models: models.length === 0 ? undefined : models };
    return await serveHost({ profile: "mms", folder: null, flags: {}, ...given }, context);
  } finally {
    pidFile.removeIf(process.pid);
  }
}

/** What multi-model-server checks before it starts Java, in its words. */
function mistakeOf(
  { config, modelStore, models, logConfig }: MmsServerArguments,
  { cwd, environment }: Context,
): string | null {
  const isMissing = (path: string): boolean => !existsSync(resolve(cwd, path));
  if (logConfig !== undefined && isMissing(logConfig)) {
    return `--log-config file not found: ${resolve(cwd, logConfig)}`;
  }
  const temporary = environment["TEMP"] ?? "";
  if (temporary !== "" && !isFolder(temporary)) {
    return `Invalid temp directory: ${temporary}, please check TEMP environment variable.`;
  }
  if (config !== undefined && config !== "sagemaker" && isMissing(config)) {
    return `--mms-config file not found: ${config}`;
  }
  if (modelStore !== undefined && !isFolder(resolve(cwd, modelStore))) {
    return `--model-store directory not found: ${modelStore}`;
  }
  const isLocal = (model: string): boolean => !/^(?:.+=)?https?:\/\/.+/i.test(model) && model !== "ALL";
  if (modelStore === undefined && models.some(isLocal)) {
    return "--model-store is required to load model locally.";
  }
  return null;
}
