import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pythonInterpreter } from "./paths.ts";
import { runOrFail } from "./run.ts";

/** The client that the façade is tried with; another one may ask for other things. */
const azureClient = "azure-ai-ml==1.35.2";

const minutes = 60_000;

/** A Python that has the client: an environment of its own, made once for all runs on this machine. */
export async function azureInterpreter(): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "hostler-tests", azureClient.replace("==", "-"));
  const interpreter = join(folder, "bin", "python");
  // Written last, so that what was left half-made is not taken for whole.
  const mark = join(folder, "complete");
  if (await exists(mark)) return interpreter;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runOrFail([pythonInterpreter(), "-m", "venv", folder]);
  await runOrFail([interpreter, "-m", "pip", "install", "--quiet", azureClient], { timeoutMs: 10 * minutes });
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
