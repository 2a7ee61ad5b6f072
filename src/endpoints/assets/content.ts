import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, chmod, mkdir, open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import ignore from "ignore";
import { ServingError } from "../../contracts/serving-error.ts";
import { fileErrorCode } from "../shared/file-errors.ts";

/** A file or a folder of files, with everything that links in it lead to. */
export interface Content {
  /** As the asset's copy is called: the last part of the path. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Sorted by path. */
  readonly files: readonly ContentFile[];
}

interface ContentFile {
  /** Below the content's own folder, with slashes; the name where the content is one file. */
  readonly path: string;
  readonly source: string;
  readonly isExecutable: boolean;
}

/** What nobody means to register: a version control's own files, and what Python writes beside its sources. */
const neverCopied: ReadonlySet<string> = new Set([".git", "__pycache__"]);
/** Azure ML reads the first of these that is there. */
const ignoreFiles = [".amlignore", ".gitignore"] as const;

const filesAtOnce = 8;

/** @throws ServingError INVALID_REQUEST where there is nothing at the path, or a link in it leads nowhere */
export async function readContent(path: string, field: string): Promise<Content> {
  const name = basename(path);
  const found = await stat(path).catch((error: unknown) => {
    if (fileErrorCode(error) === "ENOENT" || fileErrorCode(error) === "ENOTDIR") {
      throw ServingError.invalidField(field, "a file or folder that exists", path);
    }
    throw ServingError.invalidField(field, "a file or folder that can be read", path);
  });
  // A pipe or a device would be read without end.
  if (!found.isDirectory() && !found.isFile()) {
    throw ServingError.invalidField(field, "a file or folder", path);
  }
  if (found.isFile()) {
    return {
      name,
      isFolder: false,
      files: [{ path: name, source: path, isExecutable: isExecutable(found.mode) }],
    };
  }
  const isIgnored = await ignoreRulesOf(path);
  const files: ContentFile[] = [];
  await walk({ folder: path, below: "", ancestors: new Set(), isIgnored, files, field });
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { name, isFolder: true, files };
}

/** SHA-256 over names and bytes, as lower-case hex. */
export async function digestOf({ name, isFolder, files }: Content): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`${isFolder ? "folder" : "file"}\0${name}\0`);
  for (const { path, source, isExecutable } of files) {
    hash.update(`${path}\0${isExecutable ? "x" : "-"}\0`);
    // A digest of each file rather than its bytes: so no file's content can pass for the next one's name.
    hash.update(await fileDigest(source));
  }
  return hash.digest("hex");
}

/** Copies into the folder, cloning where the file system can; on the disk when it resolves. The copy's path. */
export async function copyContent({ name, isFolder, files }: Content, folder: string): Promise<string> {
  const target = join(folder, name);
  if (isFolder) await mkdir(target, { recursive: true });
  const copies = files.map((file) => ({ ...file, copy: isFolder ? join(target, file.path) : target }));
  for (const parent of new Set(copies.map(({ copy }) => dirname(copy)))) {
    await mkdir(parent, { recursive: true });
  }
  const waiting = copies.values();
  const lane = async (): Promise<void> => {
    for (const { source, copy, isExecutable } of waiting) await copyDurably(source, copy, isExecutable);
  };
  await Promise.all(Array.from({ length: filesAtOnce }, lane));
  return target;
}

async function copyDurably(source: string, copy: string, isExecutable: boolean): Promise<void> {
  await copyFile(source, copy, constants.COPYFILE_FICLONE);
  // Whoever runs in a container reads it under another user; the state folder around it lets nobody else in.
  await chmod(copy, isExecutable ? 0o755 : 0o644);
  await syncPath(copy);
}

/** Puts a file or a folder's list of names on the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface Walk {
  readonly folder: string;
  readonly below: string;
  /** Real paths of the folders on the way: a link back to one of them ends there. */
  readonly ancestors: ReadonlySet<string>;
  readonly isIgnored: (path: string) => boolean;
  readonly files: ContentFile[];
  readonly field: string;
}

async function walk(state: Walk): Promise<void> {
  const { folder, below, ancestors, isIgnored, files, field } = state;
  const real = await realpath(folder);
  if (ancestors.has(real)) return;
  for (const entry of await readdir(folder)) {
    const path = below + entry;
    const source = folder + sep + entry;
    if (neverCopied.has(entry)) continue;
    const found = await stat(source).catch(() => null);
    if (isIgnored(found?.isDirectory() === true ? `${path}/` : path)) continue;
    if (found === null) throw ServingError.invalidField(field, "links that lead somewhere", source);
    if (found.isDirectory()) {
      await walk({ ...state, folder: source, below: `${path}/`, ancestors: new Set([...ancestors, real]) });
    } else if (found.isFile()) {
      files.push({ path, source, isExecutable: isExecutable(found.mode) });
    }
  }
}

async function ignoreRulesOf(folder: string): Promise<(path: string) => boolean> {
  for (const file of ignoreFiles) {
    const text = await readFile(join(folder, file), "utf8").catch(() => null);
    if (text === null) continue;
    const rules = ignore().add(text);
    return (path) => rules.ignores(path);
  }
  return () => false;
}

async function fileDigest(path: string): Promise<Buffer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (Buffer.isBuffer(chunk)) hash.update(chunk);
  }
  return hash.digest();
}

function isExecutable(mode: number): boolean {
  return (mode & 0o111) !== 0;
}
