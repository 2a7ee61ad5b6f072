import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pythonInterpreter } from "./paths.ts";
import { runOrFail } from "./run.ts";

const minutes = 60_000;

/** A Python with these packages: an environment of its own, made once for all runs on this machine. */
export async function cachedInterpreter(packages: readonly string[]): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const name = packages
    .join("-")
    .replaceAll("==", "-")
    .replaceAll(/[^\w.-]+/g, "_");
  const folder = join(cache, "hostler-tests", name);
  const interpreter = join(folder, "bin", "python");
  // Written last, so that what was left half-made is not taken for whole.
  const mark = join(folder, "complete");
  if (await exists(mark)) return interpreter;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runOrFail([pythonInterpreter(), "-m", "venv", folder]);
  await runOrFail([interpreter, "-m", "pip", "install", "--quiet", ...packages], { timeoutMs: 10 * minutes });
  await writeFile(mark, "");
  return interpreter;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
