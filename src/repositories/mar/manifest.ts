import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Json } from "../../contracts/parameters.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { Complaint } from "../shared/complaint.ts";
import { isMissing } from "../shared/file-errors.ts";
import { JsonDocument } from "../shared/json-document.ts";
import { isJsonObject } from "../shared/parse-json.ts";

/** What an archive says about itself. */
export interface Manifest {
  /** The whole of it, in the form of 1.0: what a handler sees in its context. */
  readonly document: Readonly<Record<string, Json>>;
  readonly modelName: string | null;
  readonly modelVersion: string | null;
  readonly handler: string | null;
  readonly runtime: string | null;
  readonly engineName: string | null;
  /** File with the numbers of workers and batches, relative to the model's folder (TorchServe). */
  readonly configFile: string | null;
}

export interface FoundManifest {
  readonly manifest: Manifest;
  /** The folder that the model's files lie in: older archives may have one more around them. */
  readonly folder: string;
}

const fileName = "MANIFEST.json";

/**
 * Reads the manifest of an unpacked archive or folder; null where there is none, which is no mistake.
 * INVALID_DOCUMENT, with the place, for one that is no JSON object.
 */
export async function readManifest(folder: string): Promise<FoundManifest | null> {
  const own = await manifestAt(folder);
  if (own !== null) return own;
  const inner = await onlyFolderIn(folder);
  return inner === null ? null : await manifestAt(inner);
}

async function manifestAt(folder: string): Promise<FoundManifest | null> {
  const document = await readDocument(join(folder, "MAR-INF", fileName));
  return document === null ? await legacyAt(folder) : { manifest: manifestOf(document), folder };
}

/** Archives of version 0.x, and tar files of model-archiver, have everything in one folder. */
async function onlyFolderIn(folder: string): Promise<string | null> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [only, ...others] = entries.filter(({ name }) => !name.startsWith("."));
  return only?.isDirectory() === true && others.length === 0 ? join(folder, only.name) : null;
}

/** Archives of version 0.x have it beside the model. */
async function legacyAt(folder: string): Promise<FoundManifest | null> {
  const path = join(folder, fileName);
  const document = await readDocument(path);
  if (document === null) return null;
  // A file of that name that nobody wrote for a model server is one of the model's own.
  if (!isJsonObject(document["Model"])) return null;
  return { manifest: manifestOf(migrated(document)), folder: dirname(path) };
}

async function readDocument(path: string): Promise<Readonly<Record<string, Json>> | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw ServingError.from(error, "INVALID_DOCUMENT");
  }
  try {
    const { value } = new JsonDocument(text, path);
    if (isJsonObject(value)) return value;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    throw new ServingError("INVALID_DOCUMENT", `The manifest is ${error.reason}.`, {
      where: error.where,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
  throw new ServingError("INVALID_DOCUMENT", "The manifest is no JSON object.", { where: path });
}

function manifestOf(document: Readonly<Record<string, Json>>): Manifest {
  const model = objectIn(document, "model");
  return {
    document,
    modelName: textIn(model, "modelName"),
    modelVersion: textIn(model, "modelVersion"),
    handler: textIn(model, "handler"),
    runtime: textIn(document, "runtime"),
    engineName: textIn(objectIn(document, "engine"), "engineName"),
    configFile: textIn(model, "configFile"),
  };
}

/** What a manifest of version 0.x says, in the form of 1.0. */
function migrated(legacy: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const model = objectIn(legacy, "Model");
  const author = objectIn(legacy, "Created-By");
  const extensions = { parametersFile: textIn(model, "Parameters"), symbolFile: textIn(model, "Symbol") };
  return given({
    specificationVersion: "1.0",
    implementationVersion: "1.0",
    description: textIn(legacy, "Model-Archive-Description"),
    license: textIn(legacy, "License"),
    modelServerVersion: textIn(legacy, "Model-Server"),
    runtime: "python",
    model: given({
      modelName: textIn(model, "Model-Name"),
      description: textIn(model, "Description"),
      modelVersion: "snapshot",
      extensions: given(extensions),
      handler: textIn(model, "Service"),
    }),
    publisher: given({ author: textIn(author, "Author"), email: textIn(author, "Author-Email") }),
  });
}

/** Without what is not there. */
function given(values: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function objectIn(object: Readonly<Record<string, Json>>, key: string): Readonly<Record<string, Json>> {
  const value = object[key];
  return isJsonObject(value) ? value : {};
}

function textIn(object: Readonly<Record<string, Json>>, key: string): string | null {
  const value = object[key];
  return typeof value === "string" && value !== "" ? value : null;
}
