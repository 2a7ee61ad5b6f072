import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import { isMissing } from "../shared/file-errors.ts";
import { type ArchiveLimits, defaultArchiveLimits } from "./limits.ts";
import { eachTarEntry } from "./tar-entries.ts";
import { Unpacker } from "./unpacker.ts";
import { zipEntries } from "./zip-entries.ts";
import { isAlive } from "../shared/live-process.ts";

/** A model's files on disk, until they are given back, once. */
export interface OpenArchive {
  /** Absolute. */
  readonly folder: string;
  /** Removes what was unpacked when nobody else uses it; a folder stays as it is. */
  release(): Promise<void>;
}

interface Unpacked {
  users: number;
  readonly folder: Promise<string>;
}

/** Where archives are unpacked: each content once, however many models use it, and gone when none does. */
export class ArchiveStore {
  readonly #parent: string;
  readonly #limits: ArchiveLimits;
  readonly #unpacked = new Map<string, Unpacked>();
  #root: Promise<string> | null = null;

  /** @param parent folder to unpack below; by default the system's one for temporary files */
  constructor(parent: string = tmpdir(), limits: ArchiveLimits = defaultArchiveLimits) {
    this.#parent = parent;
    this.#limits = limits;
  }

  /**
   * Opens a folder, or an archive (zip or tar, whatever its name). Rejects with MODEL_NOT_FOUND where there is nothing,
   * and INVALID_DOCUMENT for what cannot be unpacked.
   */
  async open(path: string): Promise<OpenArchive> {
    const found = await stat(path).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    if (found.isDirectory()) return { folder: path, release: () => Promise.resolve() };
    if (!found.isFile()) throw noArchive(path);
    const key = await digestOf(path);
    const unpacked = this.#use(key, path, found.size);
    const release = this.#releaser(key, unpacked);
    try {
      return { folder: await unpacked.folder, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Removes everything that was unpacked. */
  async stop(): Promise<void> {
    const root = await this.#root;
    this.#root = null;
    this.#unpacked.clear();
    if (root !== null) await rm(root, { recursive: true, force: true });
  }

  #use(key: string, path: string, bytes: number): Unpacked {
    const known = this.#unpacked.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const unpacked: Unpacked = { users: 1, folder: this.#unpack(path, bytes) };
    this.#unpacked.set(key, unpacked);
    return unpacked;
  }

  #releaser(key: string, unpacked: Unpacked): () => Promise<void> {
    let isReleased = false;
    return async () => {
      if (isReleased) return;
      isReleased = true;
      unpacked.users -= 1;
      if (unpacked.users > 0) return;
      this.#unpacked.delete(key);
      const folder = await unpacked.folder.catch(() => null);
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    };
  }

  async #unpack(path: string, bytes: number): Promise<string> {
    this.#root ??= this.#makeRoot();
    const root = await this.#root;
    // The name of a folder is never used again: who still reads a released one does not read another model.
    const name = randomUUID();
    const partial = join(root, `${name}.partial`);
    await mkdir(partial, { mode: 0o700 });
    try {
      await unpackTo(new Unpacker(partial, bytes, this.#limits), path);
      const folder = join(root, name);
      await rename(partial, folder);
      return folder;
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw broken(path, error);
    }
  }

  async #makeRoot(): Promise<string> {
    await mkdir(this.#parent, { recursive: true });
    const prefix = await ownPrefix();
    await removeLeftovers(this.#parent, prefix);
    return await mkdtemp(join(this.#parent, `${prefix}${String(process.pid)}-`));
  }
}

/**
 * What servers that were killed have left. The name of a folder tells the process that made it, and the namespace in which
 * its number means something: containers may share the place.
 */
async function removeLeftovers(parent: string, prefix: string): Promise<void> {
  const names = await readdir(parent);
  const left = names.filter((name) => {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split("-", 1)[0]) : NaN;
    return Number.isInteger(pid) && pid > 0 && !isAlive(pid);
  });
  // Another server may be removing the same.
  await Promise.allSettled(left.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}

async function ownPrefix(): Promise<string> {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return `hostler-models-${namespace.replace(/\D/g, "") || "0"}-`;
}

async function unpackTo(unpacker: Unpacker, path: string): Promise<void> {
  switch (await formatOf(path)) {
    case "zip":
      for await (const entry of zipEntries(path)) await unpacker.take(entry);
      return;
    case "tar":
      await eachTarEntry(path, (entry) => unpacker.take(entry));
      return;
    case "other":
      throw noArchive(path);
  }
}

const tarMagic = { text: "ustar", at: 257 } as const;

/** By what the file begins with: names are only names. */
async function formatOf(path: string): Promise<"zip" | "tar" | "other"> {
  await using file = await open(path);
  const head = Buffer.alloc(tarMagic.at + tarMagic.text.length);
  await file.read(head, 0, head.byteLength, 0);
  const beginsWith = (...bytes: readonly number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (beginsWith(0x50, 0x4b, 3, 4) || beginsWith(0x50, 0x4b, 5, 6)) return "zip";
  if (beginsWith(0x1f, 0x8b) || head.toString("latin1", tarMagic.at) === tarMagic.text) return "tar";
  return "other";
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) hash.update(chunk);
  } catch (error) {
    throw unreadable(path, error);
  }
  return hash.digest("hex");
}

function unreadable(path: string, error: unknown): ServingError {
  if (isMissing(error)) {
    return new ServingError(
      "MODEL_NOT_FOUND",
      `There is no file or folder ${path}.`,
      { where: path },
      { cause: error },
    );
  }
  const { message } = ServingError.from(error);
  return new ServingError(
    "INVALID_DOCUMENT",
    `${path} cannot be read: ${message}`,
    { where: path },
    { cause: error },
  );
}

function noArchive(path: string): ServingError {
  return new ServingError("INVALID_DOCUMENT", `${path} is neither a folder nor a zip or tar file.`, {
    where: path,
  });
}

/** What the readers of formats throw says what is wrong, and not with which file. */
function broken(path: string, error: unknown): ServingError {
  if (error instanceof ServingError) {
    return new ServingError(error.code, error.message, { where: path, ...error.details }, { cause: error });
  }
  const { message } = ServingError.from(error);
  const hint = "Pack it again: hostler archive makes a .mar, tar czf a .tar.gz.";
  return new ServingError(
    "INVALID_DOCUMENT",
    `${path} cannot be unpacked: ${message}`,
    { where: path, hint },
    { cause: error },
  );
}
