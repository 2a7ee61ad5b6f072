import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { HandlerLaunch } from "../../core/ports/handler-launcher.ts";

/** What is known of a handler before its process is forked. */
export interface HandlerImports {
  /** The model brings packages of its own: nothing that could be another version may be there before. */
  readonly isBare: boolean;
  /** Framework modules that it is going to import. */
  readonly modules: readonly string[];
}

/** What a zygote may import on behalf of its workers: the same list as in the worker's `runtimes`. */
const frameworks: ReadonlySet<string> = new Set(["joblib", "numpy", "scipy", "sklearn", "xgboost"]);
const importLine = /^[ \t]*(?:import|from)[ \t]+([\w.]+)|import_module\(["']([\w.]+)["']\)/gmu;
const longestFile = 256 * 1024;
const mostFiles = 20;

/**
 * Looks at a handler's files without running them. A process that finds its frameworks imported shares their memory with
 * all others; one that has to import them itself does not, however many come after it.
 */
export async function importsOf(launch: HandlerLaunch): Promise<HandlerImports> {
  const { modelFolder, handler, installsRequirements = true } = launch;
  const code = join(modelFolder, "code");
  const handlerFolder = dirname(resolve(modelFolder, handler.split(":", 1).join("")));
  const folders = [...new Set([modelFolder, code, handlerFolder])];
  const listed = await Promise.all(folders.map(async (folder) => ({ folder, names: await namesIn(folder) })));
  const asksForMore = listed.some(
    ({ folder, names }) => folder === code && names.includes("requirements.txt"),
  );
  const bringsFramework = listed.some(({ names }) =>
    names.some((name) => frameworks.has(name.replace(/\.py$/, ""))),
  );
  if ((asksForMore && installsRequirements) || bringsFramework) return { isBare: true, modules: [] };
  const files = listed.flatMap(({ folder, names }) =>
    names.filter((name) => name.endsWith(".py")).map((name) => join(folder, name)),
  );
  const found = await Promise.all(files.slice(0, mostFiles).map(importsIn));
  const modules = new Set(found.flat());
  // The toolkit's decoders work with it, and what joblib reads is scikit-learn's.
  if (handler.startsWith("sagemaker_inference")) modules.add("numpy");
  if (modules.has("joblib")) modules.add("sklearn");
  return { isBare: false, modules: [...modules] };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

/** Packages and their direct children, as the file names them. */
async function importsIn(file: string): Promise<readonly string[]> {
  const about = await stat(file).catch(() => null);
  if (about === null || !about.isFile() || about.size > longestFile) return [];
  const text = await readFile(file, "utf8").catch(() => "");
  return [...text.matchAll(importLine)].flatMap(([, statement, call]) => {
    const parts = (statement ?? call ?? "").split(".");
    return frameworks.has(parts[0] ?? "") ? [parts.slice(0, 2).join(".")] : [];
  });
}
