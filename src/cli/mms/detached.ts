import { spawn } from "node:child_process";
import { once } from "node:events";
import { ServingError } from "../../contracts/serving-error.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import type { MmsServerArguments } from "./arguments.ts";
import type { PidFile } from "./pid-file.ts";

/**
 * Starts the server as a process of its own, and leaves it when it listens: unlike there, a port that is taken is this
 * command's failure. What it logs goes where this command writes.
 */
export async function startDetached(
  server: MmsServerArguments,
  pidFile: PidFile,
  { cwd, environment }: Context,
): Promise<ExitCode> {
  const [, program] = process.argv;
  if (program === undefined) throw new ServingError("INTERNAL", "This program does not know where it lies.");
  const args = [...process.execArgv, program, "mms", "--start", "--foreground", ...wordsOf(server)];
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...environment, [listeningVariable]: "1" },
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const listens = once(child, "message").then(() => "listening" as const);
  const ended = once(child, "exit").then(() => "ended" as const);
  if ((await Promise.race([listens, ended])) === "ended") {
    pidFile.remove();
    return exitCodes.failed;
  }
  child.disconnect();
  child.unref();
  return exitCodes.ok;
}

const listeningVariable = "HOSTLER_TELLS_LISTENING";

/** Tells the command that has started this process, if one has, that it listens. */
export function tellListening(environment: NodeJS.ProcessEnv): void {
  if (environment[listeningVariable] === "1" && process.connected) process.send?.("listening");
}

function wordsOf({ config, modelStore, models, logConfig }: MmsServerArguments): readonly string[] {
  return [
    ...(config === undefined ? [] : [`--mms-config=${config}`]),
    ...(modelStore === undefined ? [] : [`--model-store=${modelStore}`]),
    ...(models.length === 0 ? [] : ["--models", ...models]),
    ...(logConfig === undefined ? [] : [`--log-config=${logConfig}`]),
  ];
}
