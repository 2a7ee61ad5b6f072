import { readdir } from "node:fs/promises";
import { temporaryFolder } from "./folders.ts";
import { hostlerCommand } from "./paths.ts";
import { ProcessTree } from "./processes.ts";
import { run } from "./run.ts";

export interface EndedStart {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hostler serve` where that has to end by itself, with nothing left behind: no process, no temporary file. */
export async function endedStart(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<EndedStart> {
  const tree = new ProcessTree();
  const scratch = await temporaryFolder();
  try {
    const command = [hostlerCommand, "serve", ...args] as const;
    const ended = await run(command, { env: { ...env, ...tree.environment, TMPDIR: scratch.path } });
    await tree.expectNone(2_000);
    const left = await readdir(scratch.path);
    if (left.length > 0) throw new Error(`Left in the folder for temporary files: ${left.join(", ")}`);
    return ended;
  } finally {
    tree.kill();
    await scratch.remove();
  }
}
