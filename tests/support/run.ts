import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { cleanEnvironment } from "./hostler.ts";

interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a command to its end, whatever its exit code. */
export async function run(
  command: readonly [string, ...string[]],
  { cwd, env, timeoutMs = 240_000 }: RunOptions = {},
): Promise<CommandResult> {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

/** Runs a command that must succeed. */
export async function runOrFail(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${String(code)}:\n${stderr}${stdout}`);
  return stdout;
}
