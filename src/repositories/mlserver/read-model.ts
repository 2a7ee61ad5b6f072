import { readFile } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { labelOf, type ModelSpec } from "../../core/models/model-spec.ts";
import type { SourceProblem } from "../../core/ports/model-source.ts";
import { Complaint } from "../shared/complaint.ts";
import { type FoundFile } from "../shared/find-files.ts";
import { fileErrorCode, isMissing } from "../shared/file-errors.ts";
import { displayPath } from "../shared/paths.ts";
import { findArtifact, findInterpreter, type ModelFolder } from "./artifact.ts";
import type { Environment } from "./environment.ts";
import type { ModelRemarks } from "./model-remarks.ts";
import { type ModelSettings, readModelSettings } from "./model-settings.ts";
import { parseSettingsFile } from "./settings-file.ts";
import type { TrustedFolders } from "./trusted-folders.ts";

export interface ReadContext {
  readonly environment: Environment;
  readonly trusted: TrustedFolders;
  /** `name` or `name@version` of models that are never evicted. */
  readonly pinned: ReadonlySet<string>;
}

export interface ServableModel {
  readonly kind: "servable";
  readonly file: string;
  readonly name: string;
  readonly spec: ModelSpec;
  readonly remarks: ModelRemarks;
}

interface BrokenModel {
  readonly kind: "broken";
  readonly file: string;
  /** A guess, where the file does not even say its name. */
  readonly name: string;
  readonly problem: SourceProblem;
}

export type ReadModel = ServableModel | BrokenModel;

/** Where a model's settings stand. */
interface Place {
  readonly folder: ModelFolder;
  readonly origin: string;
}

/** The promise of `node:fs/promises` opens a handle first and takes half as long again. */
const readText = promisify(readFile);

/** {@link readModel} of a file that was found before. */
export async function readModelAgain(path: string, context: ReadContext): Promise<ReadModel | undefined> {
  const realFolder = await realpath(dirname(path)).catch(() => undefined);
  return realFolder === undefined ? undefined : readModel({ path, realFolder }, context);
}

/** Reads one `model-settings.json` and looks at what it points to; undefined where the file has gone. */
export async function readModel(
  { path, realFolder }: FoundFile,
  context: ReadContext,
): Promise<ReadModel | undefined> {
  const folder = { path: dirname(path), realPath: realFolder };
  const origin = displayPath(path, context.environment.cwd);
  let text: string;
  try {
    text = await readText(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    const name = basename(folder.path);
    return { kind: "broken", file: path, name, problem: complaintOf(error, origin).toProblem(name) };
  }
  return readModelText(text, path, { folder, origin }, context);
}

async function readModelText(
  text: string,
  file: string,
  place: Place,
  context: ReadContext,
): Promise<ReadModel> {
  const folderName = basename(place.folder.path);
  let name = folderName;
  try {
    const { object, document } = parseSettingsFile(text, place.origin);
    if (typeof object["name"] === "string" && object["name"] !== "") name = object["name"];
    const source = {
      object,
      folderName,
      whereValue: document.whereValue.bind(document),
      whereKey: document.whereKey.bind(document),
    };
    const settings = readModelSettings(source, context.environment);
    name = settings.name;
    if (settings.environmentPath !== null) await checkTrust(file, place.origin, context.trusted);
    const spec = await specOf(settings, place, context);
    return { kind: "servable", file, name, spec, remarks: settings.remarks };
  } catch (error) {
    return { kind: "broken", file, name, problem: complaintOf(error, place.origin).toProblem(name) };
  }
}

/** MLServer's way to serve one model without any file: `MLSERVER_MODEL_NAME`, `_IMPLEMENTATION`, `_URI` and the like. */
export async function readModelFromVariables(context: ReadContext): Promise<ReadModel | undefined> {
  const { environment } = context;
  const implementation = environment.mlserver("MLSERVER_MODEL_IMPLEMENTATION");
  if (implementation === undefined) return undefined;
  const { origin } = implementation;
  const name = environment.mlserver("MLSERVER_MODEL_NAME")?.value ?? "(no name)";
  try {
    const where = (): string => origin;
    const source = { object: {}, folderName: "", whereValue: where, whereKey: where };
    const settings = readModelSettings(source, environment);
    if (settings.uri === null || settings.uri === "") {
      const hint = "Set MLSERVER_MODEL_URI to the model's file or folder.";
      throw new Complaint({
        where: origin,
        reason: `Invalid URI specified for model ${settings.name}`,
        hint,
      });
    }
    const folder = { path: environment.cwd, realPath: await realpath(environment.cwd) };
    const spec = await specOf(settings, { folder, origin }, context);
    const remarks = { ...settings.remarks, filled: [] };
    return { kind: "servable", file: origin, name: settings.name, spec, remarks };
  } catch (error) {
    return { kind: "broken", file: origin, name, problem: complaintOf(error, origin).toProblem(name) };
  }
}

async function specOf(
  settings: ModelSettings,
  { folder, origin }: Place,
  { environment, trusted, pinned }: ReadContext,
): Promise<ModelSpec> {
  const { name, version, runtime, batching, extra, metadata } = settings;
  const artifact = await findArtifact(settings, folder, trusted);
  return {
    name,
    version,
    runtime,
    artifact,
    artifactBytes: (await stat(artifact)).size,
    folder: folder.path,
    origin,
    interpreter: await findInterpreter(settings, environment),
    batching,
    pinned: pinned.has(name) || pinned.has(labelOf(settings)),
    extra,
    metadata,
  };
}

/** A file that chooses the interpreter chooses the code that runs, so that no link may lead to it from outside. */
async function checkTrust(file: string, shown: string, trusted: TrustedFolders): Promise<void> {
  const real = await realpath(file);
  if (trusted.covers(real)) return;
  throw new Complaint({
    where: shown,
    reason: `the settings name an interpreter but lie outside the served folder: ${real}`,
    hint: `If you trust that folder, start with --trust ${dirname(real)}.`,
  });
}

/** Complaints and errors of the file system are the model's problem; any other error is a bug, and goes on. */
function complaintOf(error: unknown, where: string): Complaint {
  if (error instanceof Complaint) return error;
  if (!(error instanceof Error) || fileErrorCode(error) === undefined) throw error;
  return new Complaint({ where, reason: `cannot be read: ${error.message}` });
}
