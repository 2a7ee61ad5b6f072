import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Cleanup } from "./cleanup.ts";
import { temporaryFolder } from "./folders.ts";
import { startCommand, type RunningHostler } from "./hostler.ts";
import { hostlerCommand, pathWithShims } from "./paths.ts";
import { run, runOrFail, type RunOptions } from "./run.ts";

const addresses = z.object({ url: z.url(), control_url: z.url(), tls_url: z.url() });

/** `hostler up`, with a folder to work in and the stand-ins on PATH. */
export interface RunningUp {
  readonly server: RunningHostler;
  /** Data plane. */
  readonly url: string;
  readonly controlUrl: string;
  readonly tlsUrl: string;
  /** State folder. */
  readonly state: string;
  /** What a shell needs to talk to it with `az`, as after `eval "$(hostler shims)"`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a line of a document in bash, with the stand-ins on PATH; its standard output. Fails when the line does. */
  readonly shell: (line: string, options?: RunOptions) => Promise<string>;
  /** The same for lines that may fail. */
  readonly attempt: (line: string, options?: RunOptions) => ReturnType<typeof run>;
  readonly stop: () => Promise<void>;
}

export interface UpOptions {
  readonly args?: readonly string[];
  /** A state folder of an earlier run; otherwise a new one, which goes with the server. */
  readonly state?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startUp({ args = [], state, env = {} }: UpOptions = {}): Promise<RunningUp> {
  const cleanup = new Cleanup();
  const stateFolder = state ?? (await newFolder(cleanup));
  try {
    const fixed = ["--state", stateFolder, "--port", "0", "--log-format", "json"];
    const server = await startCommand({ command: [hostlerCommand, "up", ...fixed, ...args], env });
    cleanup.add(() => server.stop());
    const found = addresses.parse(await server.logs.waitForMessage("listening"));
    const environment = { PATH: pathWithShims(), HOSTLER_URL: found.control_url };
    const inShell = (options: RunOptions = {}): RunOptions => ({
      timeoutMs: 240_000,
      ...options,
      env: { ...environment, ...options.env },
    });
    return {
      server,
      url: found.url,
      controlUrl: found.control_url,
      tlsUrl: found.tls_url,
      state: stateFolder,
      environment,
      shell: (line, options) => runOrFail(["bash", "-ec", line], inShell(options)),
      attempt: (line, options) => run(["bash", "-ec", line], inShell(options)),
      stop: () => cleanup.run(),
    };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function newFolder(cleanup: Cleanup): Promise<string> {
  const folder = await temporaryFolder();
  cleanup.add(folder.remove);
  const state = join(folder.path, "state");
  await mkdir(state);
  return state;
}
