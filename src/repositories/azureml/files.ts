import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { CheckScript } from "./check-script.ts";
import { Complaint } from "../shared/complaint.ts";
import { nearest } from "../shared/nearest.ts";
import { isInside } from "../shared/paths.ts";
import type { Draft } from "./draft.ts";
import { Complaints, loadYaml } from "./load-yaml.ts";
import type { PlainRecord } from "./plain.ts";
import type { YamlPath } from "./yaml-text.ts";

type FileKind = "file" | "folder";

/** `azureml://…`, `runs:/…`, `https://…`: nothing that lies on this machine. */
const remote = /^[a-z][a-z\d+.-]+:/i;

/** The absolute path that a part of the document names; complains where there is nothing. */
export async function locate(draft: Draft, path: YamlPath, given: string): Promise<string> {
  const absolute = resolve(draft.folderOf(path), given);
  if (remote.test(given)) {
    const hint = /^azureml:(?!\/\/)/.test(given)
      ? `Write ${given} as the value of the key above to use something registered, or name a file or folder.`
      : "Download it, and name the file or folder.";
    draft.complain(path, `${named(given)} is not on this machine`, hint);
  } else if ((await kindOf(absolute)) === null) {
    draft.complain(
      path,
      `there is no file or folder ${named(draft.shown(absolute))}`,
      await nameAlike(absolute),
    );
  }
  return absolute;
}

/** The same where it has to be a folder. */
export async function locateFolder(draft: Draft, path: YamlPath, given: string): Promise<string> {
  if (remote.test(given)) return locate(draft, path, given);
  const absolute = resolve(draft.folderOf(path), given);
  const kind = await kindOf(absolute);
  const shown = named(draft.shown(absolute));
  if (kind === null) draft.complain(path, `there is no folder ${shown}`, await nameAlike(absolute));
  if (kind === "file") draft.complain(path, `${shown} is a file`, "Name the folder that it lies in.");
  return absolute;
}

/**
 * The path of a scoring script below its code folder. It may be given relative to where the code folder is given too,
 * as `./src` and `./src/score.py`.
 */
export async function locateScript(
  draft: Draft,
  code: string,
  given: string,
  checkScript: CheckScript | undefined,
): Promise<string> {
  const path = ["code_configuration", "scoring_script"];
  const candidates = [resolve(code, given), resolve(draft.folderOf(path), given)];
  for (const script of candidates) {
    if (!isInside(script, code) || (await kindOf(script)) !== "file") continue;
    const mistake = script.endsWith(".py") ? ((await checkScript?.(script)) ?? null) : null;
    if (mistake !== null) {
      const where = `${draft.shown(script)}:${String(mistake.line)}`;
      const hint = "Correct it, or leave the check out with --skip-script-validation.";
      draft.note([new Complaint({ where, reason: `not Python: ${mistake.reason}`, hint })]);
    }
    return relative(code, script);
  }
  const script = join(code, given);
  if ((await kindOf(code)) === "folder")
    draft.complain(path, `there is no file ${named(draft.shown(script))}`, await nameAlike(script));
  return given;
}

/** The content of a conda file. */
export async function readConda(draft: Draft, path: YamlPath, given: string): Promise<PlainRecord> {
  const file = resolve(draft.folderOf(path), given.replace(/^file:/, ""));
  try {
    return (await loadYaml(file, { cwd: draft.cwd, variables: null })).mapping;
  } catch (error) {
    if (error instanceof Complaints) draft.note(error.all);
    else if (!(error instanceof Complaint)) throw error;
    else if ((await kindOf(file)) === "file") draft.note([error]);
    else draft.complain(path, `there is no file ${named(draft.shown(file))}`, await nameAlike(file));
    return {};
  }
}

/** Complains where a folder lacks a file. */
export async function checkFile(draft: Draft, path: YamlPath, file: string): Promise<void> {
  if ((await kindOf(file)) === "file") return;
  draft.complain(path, `there is no file ${named(draft.shown(file))}`, await nameAlike(file));
}

async function kindOf(path: string): Promise<FileKind | null> {
  return stat(path).then(
    (found) => (found.isDirectory() ? "folder" : "file"),
    () => null,
  );
}

/** A path as it stands in a message: whole, because its end says most. */
function named(path: string): string {
  return JSON.stringify(path);
}

/** Advice for a path that leads nowhere: what lies beside it under a similar name. */
async function nameAlike(path: string): Promise<string | undefined> {
  if (path.includes("\\")) return "Write / between folders, which works everywhere.";
  const beside = await readdir(dirname(path)).catch((): string[] => []);
  const meant = nearest(basename(path), beside);
  return meant === undefined ? undefined : `Did you mean ${named(meant)}?`;
}
