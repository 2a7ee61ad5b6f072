import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { z } from "zod";
import { temporaryFolder, type TemporaryFolder } from "./folders.ts";
import { get } from "./http.ts";
import { Logs } from "./logs.ts";
import { hostlerCommand, pythonInterpreter } from "./paths.ts";
import { ProcessTree, type ProcessInfo } from "./processes.ts";
import { until } from "./until.ts";

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;
/** From the end of the front to the end of the last worker. */
const TREE_GRACE_MS = 2_000;

export interface HostlerOptions {
  /** The folder of models. */
  readonly repository: string;
  /** Flags after `hostler serve FOLDER`; ports are free ones unless named here. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** False returns as soon as the server listens, with models perhaps still loading. */
  readonly untilReady?: boolean;
}

export interface CommandOptions extends Omit<HostlerOptions, "repository" | "args"> {
  /** What a user types, word by word. */
  readonly command: readonly [string, ...string[]];
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that is up; whoever starts it must stop it. */
export interface RunningHostler {
  readonly url: string;
  /** Empty where metrics are off. */
  readonly metricsUrl: string;
  readonly pid: number;
  readonly logs: Logs;
  /** Settles when the front process has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** The front and everything below it. */
  processes: () => ProcessInfo[];
  /**
   * Asks it to end; fails if it has ended by itself, or if a process or a temporary file outlives it. Stopping again is no
   * error.
   */
  stop: (signal?: NodeJS.Signals) => Promise<Exit>;
}

/** Starts `hostler serve` and waits until its models are ready. */
export function startHostler({ repository, args = [], ...options }: HostlerOptions): Promise<RunningHostler> {
  const anyPorts = ["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"];
  return startCommand({ command: [hostlerCommand, "serve", repository, ...anyPorts, ...args], ...options });
}

/** The same for any command that serves, such as a shim. */
export async function startCommand(options: CommandOptions): Promise<RunningHostler> {
  const tree = new ProcessTree();
  const scratch = await temporaryFolder();
  const { child, logs } = launch(options, { ...tree.environment, TMPDIR: scratch.path });
  const exited = exitOf(child);
  const killAll = (): void => {
    tree.kill();
  };
  process.once("exit", killAll);
  let isAsked = false;
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> => {
    const hadEnded = !isAsked && (child.exitCode !== null || child.signalCode !== null);
    isAsked = true;
    const exit = await end(child, exited, signal);
    await tree.expectNone(TREE_GRACE_MS);
    process.off("exit", killAll);
    await expectEmpty(scratch);
    if (hadEnded) throw new Error(`It had ended by itself; it wrote:\n${logs.withoutProbes()}`);
    return exit;
  };
  try {
    const addresses = await whenListening(logs, exited);
    if (options.untilReady !== false) await whenReady(addresses.url, exited);
    return { ...addresses, pid: child.pid ?? 0, logs, exited, processes: () => tree.list(), stop };
  } catch (error) {
    isAsked = true;
    await stop("SIGKILL");
    throw new Error(`${options.command.join(" ")} did not start; it wrote:\n${logs.withoutProbes()}`, {
      cause: error,
    });
  }
}

function launch(
  { command, cwd, env }: CommandOptions,
  own: Readonly<Record<string, string>>,
): { child: ChildProcess; logs: Logs } {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...cleanEnvironment(), ...env, ...own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logs = new Logs();
  logs.follow(child.stdout);
  logs.follow(child.stderr);
  return { child, logs };
}

/** The caller's environment without what would configure the server behind the test's back. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(MLSERVER|HOSTLER|SAGEMAKER)_/.test(name),
  );
  return { ...Object.fromEntries(inherited), HOSTLER_PYTHON: pythonInterpreter() };
}

/** 127 for a command that does not exist, as in a shell. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve({ code, signal });
    });
    child.once("error", () => {
      resolve({ code: 127, signal: null });
    });
  });
}

async function end(child: ChildProcess, exited: Promise<Exit>, signal: NodeJS.Signals): Promise<Exit> {
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}

/** Sockets and temporary files are the server's to remove. Stopping twice finds the folder gone. */
async function expectEmpty(scratch: TemporaryFolder): Promise<void> {
  const left = existsSync(scratch.path) ? await readdir(scratch.path, { recursive: true }) : [];
  await scratch.remove();
  if (left.length > 0) throw new Error(`Left behind in the folder for temporary files: ${left.join(", ")}`);
}

const listening = z
  .object({ url: z.url(), metrics_url: z.url().nullish() })
  .transform(({ url, metrics_url }) => ({ url, metricsUrl: metrics_url ?? "" }));

async function whenListening(logs: Logs, exited: Promise<Exit>): Promise<z.infer<typeof listening>> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  return listening.parse(await Promise.race([logs.waitForMessage("listening", signal), failure(exited)]));
}

async function whenReady(url: string, exited: Promise<Exit>): Promise<void> {
  const probe = async (): Promise<true | undefined> =>
    (await get(url, "/v2/health/ready")).status === 200 ? true : undefined;
  await Promise.race([until(`${url} to be ready`, probe, START_TIMEOUT_MS), failure(exited)]);
}

async function failure(exited: Promise<Exit>): Promise<never> {
  const { code, signal } = await exited;
  throw new Error(`It ended with ${signal ?? `exit code ${String(code)}`}.`);
}
