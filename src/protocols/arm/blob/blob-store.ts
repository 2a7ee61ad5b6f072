import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { BlobError } from "./blob-error.ts";

/** A file as the storage service describes it. */
export interface BlobProperties {
  readonly size: number;
  readonly modifiedAt: Date;
  readonly etag: string;
  /** As the client spelled the names. */
  readonly metadata: Readonly<Record<string, string>>;
}

const containerPattern = /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/;
const longestPart = 255;
/** Bytes of a whole key: more than Azure's 1024 characters need of most scripts, and less than a path may have. */
const longestKey = 3_072;
/** Characters of a block's id: 64 bytes in base64. */
const longestBlockId = 88;

/**
 * Where the content of a blob lies.
 *
 * @throws BlobError where the names cannot be those of a file below the folder
 */
export function blobPath(root: string, container: string, key: string): string {
  const parts = key.split("/");
  const isGood =
    containerPattern.test(container) &&
    Buffer.byteLength(key) <= longestKey &&
    parts.every(
      (part) =>
        part !== "" &&
        part !== "." &&
        part !== ".." &&
        !part.includes("\0") &&
        Buffer.byteLength(part) <= longestPart,
    );
  if (!isGood)
    throw new BlobError(
      400,
      "InvalidResourceName",
      `No blob can be named ${`${container}/${key}`.slice(0, 300)}.`,
    );
  return join(root, "files", container, ...parts);
}

/** Describes any file as a blob; null where there is none. */
export async function describeFile(path: string): Promise<Omit<BlobProperties, "metadata"> | null> {
  try {
    const { size, mtime, mtimeMs, isFile } = await statOf(path);
    if (!isFile) return null;
    return { size, modifiedAt: mtime, etag: `"0x${Math.round(mtimeMs).toString(16)}${size.toString(16)}"` };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function statOf(path: string) {
  const found = await stat(path);
  return { size: found.size, mtime: found.mtime, mtimeMs: found.mtimeMs, isFile: found.isFile() };
}

/** Paths of all files below a folder, relative to it, in order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export interface Upload {
  readonly container: string;
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataSchema = z.record(z.string(), z.string());

/**
 * What clients upload: files below `files/<container>/`, their metadata beside them, blocks that are not put together
 * yet, and what is still coming. A file is there whole or not at all.
 */
export class BlobStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Takes a whole blob. Resolves with the MD5 of what came, in base64. */
  async put(upload: Upload, content: Readable, expectedMd5: string | null): Promise<string> {
    const path = blobPath(this.#root, upload.container, upload.key);
    const { part, md5 } = await this.#receive(content, expectedMd5);
    await this.#settle(part, path, upload);
    return md5;
  }

  /** Takes a block of a blob that comes in pieces. */
  async putBlock(upload: Upload, id: string, content: Readable, expectedMd5: string | null): Promise<string> {
    const path = this.#blockPath(upload, id);
    const { part, md5 } = await this.#receive(content, expectedMd5);
    await mkdir(dirname(path), { recursive: true });
    await rename(part, path);
    return md5;
  }

  /** Makes a blob of blocks, in this order. */
  async commit(upload: Upload, ids: readonly string[]): Promise<void> {
    const path = blobPath(this.#root, upload.container, upload.key);
    const blocks = ids.map((id) => this.#blockPath(upload, id));
    const part = await this.#newPart();
    try {
      await writeFile(part, "");
      for (const block of blocks) await append(part, block);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await this.#settle(part, path, upload);
    await rm(dirname(this.#blockPath(upload, "")), { recursive: true, force: true });
  }

  async properties(container: string, key: string): Promise<BlobProperties | null> {
    const found = await describeFile(blobPath(this.#root, container, key));
    return found === null ? null : { ...found, metadata: await this.#metadata(container, key) };
  }

  async setMetadata({ container, key, metadata }: Upload): Promise<void> {
    const path = this.#metadataPath(container, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(metadata));
  }

  path(container: string, key: string): string {
    return blobPath(this.#root, container, key);
  }

  /** Keys in a container that begin so. */
  async list(container: string, prefix: string): Promise<readonly string[]> {
    const folder = dirname(blobPath(this.#root, container, "any"));
    const keys = await filesBelow(folder);
    return keys.filter((key) => key.startsWith(prefix));
  }

  async remove(container: string, key: string): Promise<void> {
    await rm(blobPath(this.#root, container, key), { force: true });
    await rm(this.#metadataPath(container, key), { force: true });
  }

  /** Forgets what came before that time. What was registered has a copy of its own; what was not, nobody waits for. */
  async sweep(before: Date): Promise<void> {
    for (const file of await filesBelow(this.#root)) {
      const path = join(this.#root, file);
      const found = await describeFile(path);
      if (found === null || found.modifiedAt >= before) continue;
      await rm(path, { force: true });
      await removeEmptyFolders(dirname(path), this.#root);
    }
  }

  async #receive(
    content: Readable,
    expectedMd5: string | null,
  ): Promise<{ readonly part: string; readonly md5: string }> {
    const part = await this.#newPart();
    const hash = createHash("md5");
    content.on("data", (chunk: Buffer) => hash.update(chunk));
    try {
      await pipeline(content, createWriteStream(part));
      const md5 = hash.digest("base64");
      if (expectedMd5 === null || expectedMd5 === md5) return { part, md5 };
      throw new BlobError(400, "Md5Mismatch", "The MD5 value in the request is not that of what came.");
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async #settle(part: string, path: string, upload: Upload): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw isInTheWay(error)
        ? new BlobError(409, "BlobTypeMismatch", "A file and a folder cannot have the same name here.")
        : error;
    }
    await this.setMetadata(upload);
  }

  async #newPart(): Promise<string> {
    const folder = join(this.#root, "incoming");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return join(folder, randomUUID());
  }

  async #metadata(container: string, key: string): Promise<Readonly<Record<string, string>>> {
    try {
      const text = await readFile(this.#metadataPath(container, key), "utf8");
      return metadataSchema.parse(JSON.parse(text));
    } catch (error) {
      if (isMissing(error)) return {};
      throw error;
    }
  }

  #metadataPath(container: string, key: string): string {
    return join(this.#root, "metadata", `${digestOf(`${container}/${key}`)}.json`);
  }

  #blockPath({ container, key }: Upload, id: string): string {
    if (id.length > longestBlockId) {
      throw new BlobError(400, "InvalidBlockId", "The specified block ID is longer than any can be.");
    }
    return join(this.#root, "blocks", digestOf(`${container}/${key}`), `b${Buffer.from(id).toString("hex")}`);
  }
}

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  try {
    for (let path = folder; path !== root; path = dirname(path)) await rmdir(path);
  } catch {
    // There is something left in this one.
  }
}

async function append(part: string, blockPath: string): Promise<void> {
  try {
    await pipeline(createReadStream(blockPath), createWriteStream(part, { flags: "a" }));
  } catch (error) {
    throw isMissing(error)
      ? new BlobError(400, "InvalidBlockList", "A block of the list has not been put.")
      : error;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isMissing(error: unknown): boolean {
  return hasCode(error, ["ENOENT", "ENOTDIR"]);
}

function isInTheWay(error: unknown): boolean {
  return hasCode(error, ["EEXIST", "EISDIR", "ENOTDIR", "ENOTEMPTY"]);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code)
  );
}
