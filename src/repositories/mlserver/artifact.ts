import { lstat, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Complaint } from "../shared/complaint.ts";
import type { Environment } from "./environment.ts";
import { wellKnownFiles } from "./implementations.ts";
import type { ModelSettings } from "./model-settings.ts";
import type { TrustedFolders } from "./trusted-folders.ts";

/** A folder as it was found, and the same free of links. */
export interface ModelFolder {
  readonly path: string;
  readonly realPath: string;
}

/** The real path of the file to load. Throws a {@link Complaint} where there is none, or where it must not be loaded. */
export async function findArtifact(
  settings: ModelSettings,
  folder: ModelFolder,
  trusted: TrustedFolders,
): Promise<string> {
  const path = resolve(folder.path, pathOf(settings));
  const real = path === folder.path ? await fileIn(folder, settings) : await fileAt(path, settings);
  if (trusted.covers(real)) return real;
  throw new Complaint({
    where: settings.whereParameter("uri"),
    reason: `the model's file lies outside the served folder: ${real}`,
    hint: `Loading a model can run the code in it. If you trust that folder, start with --trust ${dirname(real)}.`,
  });
}

/** A `file` URI or a path. MLServer hands other schemes to the runtime; the runtimes here read files. */
function pathOf({ uri, whereParameter }: ModelSettings): string {
  if (uri === null) return "";
  const scheme = /^([a-z][a-z0-9+.-]*):(?=\/\/)|^(file):/i.exec(uri);
  if (scheme === null) return uri;
  const rest = uri.slice(scheme[0].length);
  const path = rest.replace(/^\/\/(?:localhost)?(?=\/)/, "");
  if (/^file:$/i.test(scheme[0]) && !path.startsWith("//")) return path;
  throw new Complaint({
    where: whereParameter("uri"),
    reason: `parameters.uri: models are read from files, got ${JSON.stringify(uri)}`,
    hint: "Copy the model into its folder, and leave uri out or give its path.",
  });
}

/** What a URI means: a file, or a folder with one in it. */
async function fileAt(path: string, settings: ModelSettings): Promise<string> {
  const kind = await kindOf(path);
  if (kind === "file") return realpath(path);
  if (kind === "folder") return fileIn({ path, realPath: await realpath(path) }, settings);
  throw invalidUri(path, settings, "There is no file or folder that can be read.");
}

/** The first of the names that the runtime knows. */
async function fileIn(folder: ModelFolder, settings: ModelSettings): Promise<string> {
  const names = wellKnownFiles[settings.runtime];
  for (const name of names) {
    const real = await realFile(folder, name);
    if (real !== undefined) return real;
  }
  const looked = names.join(", ");
  const hint = `The folder has none of ${looked}: put one there, or name the file in parameters.uri.`;
  throw invalidUri(folder.path, settings, hint);
}

/** One look is enough for a file that is no link, and there may be thousands. */
async function realFile({ path, realPath }: ModelFolder, name: string): Promise<string | undefined> {
  const file = join(path, name);
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() === true) return join(realPath, name);
  return found?.isSymbolicLink() === true && (await kindOf(file)) === "file" ? realpath(file) : undefined;
}

/** The reason is MLServer's text. */
function invalidUri(path: string, { name, whereParameter }: ModelSettings, hint: string): Complaint {
  return new Complaint({
    where: whereParameter("uri"),
    reason: `Invalid URI specified for model ${name} (${path})`,
    hint,
  });
}

/** The interpreter of an environment folder; null where the model names none. `~` and `$VARS` as in MLServer. */
export async function findInterpreter(
  settings: ModelSettings,
  environment: Environment,
): Promise<string | null> {
  const { environmentPath } = settings;
  if (environmentPath === null || environmentPath === "") return null;
  const path = resolve(environment.cwd, expandPath(environmentPath, environment));
  for (const candidate of [join(path, "bin", "python3"), join(path, "bin", "python"), path]) {
    if ((await kindOf(candidate)) === "file") return candidate;
  }
  throw new Complaint({
    where: settings.whereParameter("environment_path"),
    reason: `parameters.environment_path: no Python in ${path}`,
    hint: "Name the folder of an environment, the one that holds bin/python.",
  });
}

function expandPath(path: string, environment: Environment): string {
  const home = path.replace(/^~(?=\/|$)/, () => environment.own("HOME")?.value ?? homedir());
  return home.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (all, plain?: string, braced?: string) => environment.own(plain ?? braced ?? "")?.value ?? all,
  );
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "nothing";
  } catch {
    return "nothing";
  }
}
