import { createWriteStream } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { create } from "tar";
import { ZipFile } from "yazl";
import { ServingError } from "../../contracts/serving-error.ts";
import { isMissing } from "../shared/file-errors.ts";

/** `default`: a zip file with the ending `.mar`; `tgz`: a `.tar.gz`; `no-archive`: a folder. */
export type ArchiveFormat = "default" | "tgz" | "no-archive";

/** What is to be packed, as `model-archiver` takes it. */
export interface ArchiveOrder {
  readonly modelName: string;
  /** Folder with the model's files. */
  readonly modelPath: string;
  readonly handler: string;
  readonly runtime: "python" | "python2" | "python3";
  /** Folder that the archive is written to. */
  readonly exportPath: string;
  readonly format: ArchiveFormat;
  /** Whether one of that name is replaced. */
  readonly force: boolean;
}

const modelNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const endings: Readonly<Record<ArchiveFormat, string>> = {
  default: ".mar",
  tgz: ".tar.gz",
  "no-archive": "",
};
const manifestPath = "MAR-INF/MANIFEST.json";

/**
 * Packs a model so that Multi Model Server and hostler alike can load it. Resolves with the archive's path; it is there
 * as a whole or not at all.
 *
 * @throws ServingError INVALID_REQUEST for a name, ALREADY_EXISTS without `force`, ASSET_NOT_FOUND without a folder
 */
export async function writeArchive(order: ArchiveOrder): Promise<string> {
  const { modelName, exportPath, format, force, modelPath } = order;
  checkName(modelName);
  const files = await filesOf(modelPath);
  const path = join(exportPath, modelName + endings[format]);
  if (!force && (await exists(path))) {
    throw new ServingError("ALREADY_EXISTS", `${path} already exists.`, {
      hint: "Say --force to replace it.",
    });
  }
  await mkdir(exportPath, { recursive: true });
  if (format === "no-archive" && resolve(path) === resolve(modelPath)) {
    // The files are there already, and others that are no part of the model with them.
    await writeManifest(path, order);
    return path;
  }
  const partial = join(exportPath, `.${basename(path)}.partial`);
  await rm(partial, { recursive: true, force: true });
  try {
    await writers[format](partial, files, order);
    await rm(path, { recursive: true, force: true });
    await rename(partial, path);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return path;
}

function checkName(name: string): void {
  if (modelNamePattern.test(name)) return;
  throw ServingError.invalidField(
    "--model-name",
    "a letter or digit, and then letters, digits, _, - and .",
    name,
  );
}

function manifestText({ modelName, handler, runtime }: ArchiveOrder): string {
  return JSON.stringify({
    runtime,
    model: { modelName, handler },
    modelServerVersion: "1.0",
    implementationVersion: "1.0",
    specificationVersion: "1.0",
  });
}

type Write = (target: string, files: readonly string[], order: ArchiveOrder) => Promise<void>;

const writers: Readonly<Record<ArchiveFormat, Write>> = {
  default: async (target, files, order) => {
    const zip = new ZipFile();
    for (const file of files) zip.addFile(join(order.modelPath, file), file);
    zip.addBuffer(Buffer.from(manifestText(order)), manifestPath);
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(target));
  },
  tgz: async (target, files, order) => {
    // The manifest is no file of the model's folder: the archive is made from a folder that holds both.
    const folder = `${target}.folder`;
    try {
      await copyTo(folder, files, order);
      await create({ file: target, cwd: folder, gzip: true, portable: true }, [...files, manifestPath]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  "no-archive": copyTo,
};

async function copyTo(folder: string, files: readonly string[], order: ArchiveOrder): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(order.modelPath, file), join(folder, file), { dereference: true });
  }
  await writeManifest(folder, order);
}

async function writeManifest(folder: string, order: ArchiveOrder): Promise<void> {
  await mkdir(join(folder, dirname(manifestPath)), { recursive: true });
  await writeFile(join(folder, manifestPath), manifestText(order));
}

/** Relative paths of everything that belongs to the model, sorted: the same folder makes the same archive. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new ServingError("ASSET_NOT_FOUND", `There is no folder ${folder}.`, {
      field: "--model-path",
      hint: "--model-path names the folder with the model's files.",
    });
  }
  const files: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        if (!isUnwantedFolder(entry.name)) await walk(path);
        continue;
      }
      // A link to a file is packed as the file; one to a folder could lead back here.
      const isFile = entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile());
      if (isFile && !isUnwantedFile(entry.name)) files.push(relative(folder, path));
    }
  };
  await walk(folder);
  return files.sort();
}

function isUnwantedFolder(name: string): boolean {
  return name.startsWith(".") || name === "__MACOSX" || name === "__pycache__" || name === "MAR-INF";
}

function isUnwantedFile(name: string): boolean {
  return name === "MANIFEST.json" || name.endsWith(".pyc") || name.endsWith(".DS_Store");
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw ServingError.from(error);
  }
}
