import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { S3Address, S3Client } from "../../repositories/s3/index.ts";
import type { ModelCache } from "./model-cache.ts";
import { type ModelLocation, s3Url, targetPath } from "./model-location.ts";

/** A model's archive or folder on this machine. */
export interface LocalModel {
  /** Names these very files. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  /** Whether it is a copy that hostler has made. */
  readonly isCopy: boolean;
}

const idLength = 32;

/** The model files of a container, brought to this machine when they are needed. */
export class ModelFiles {
  readonly #models: ModelLocation;
  readonly #s3: S3Client;
  readonly #cache: ModelCache;

  constructor(models: ModelLocation, { s3, cache }: { readonly s3: S3Client; readonly cache: ModelCache }) {
    this.#models = models;
    this.#s3 = s3;
    this.#cache = cache;
  }

  /**
   * Resolves when the files are here. Rejects with INVALID_REQUEST where there are none.
   *
   * @param target below the prefix; null for the only model
   */
  obtain(target: string | null): Promise<LocalModel> {
    const { location, isUnpacked } = this.#models;
    if (location.kind === "local")
      return localModel(target === null ? location.path : join(location.path, targetPath(target)));
    const { bucket, key } = location.address;
    if (target === null && isUnpacked) return this.#folder({ bucket, key: withSlash(key) });
    return this.#archive({ bucket, key: target === null ? key : withSlash(key) + targetPath(target) });
  }

  /** Removes a copy. */
  async discard({ path, isCopy }: LocalModel): Promise<void> {
    if (isCopy) await this.#cache.discard(path);
  }

  async #archive(address: S3Address): Promise<LocalModel> {
    const found = await this.#s3.head(address);
    if (found === null) throw noObject(address);
    const id = idOf([s3Url(address), found.etag]);
    const path = await this.#cache.obtain(id, found.bytes, (file) => this.#s3.download(address, file));
    return { id, path, isCopy: true };
  }

  /** All objects of a prefix as the files of a folder. */
  async #folder(prefix: S3Address): Promise<LocalModel> {
    const { bucket } = prefix;
    const keys = (await this.#s3.list(prefix)).filter((key) => !key.endsWith("/"));
    if (keys.length === 0) throw noObject(prefix);
    const found = await Promise.all(keys.map((key) => this.#s3.head({ bucket, key })));
    const id = idOf([s3Url(prefix), ...keys, ...found.map((object) => object?.etag ?? "")]);
    const bytes = found.reduce((sum, object) => sum + (object?.bytes ?? 0), 0);
    const path = await this.#cache.obtain(id, bytes, async (folder) => {
      for (const key of keys) {
        const file = join(folder, targetPath(key.slice(prefix.key.length)));
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await this.#s3.download({ bucket, key }, file);
      }
    });
    return { id, path, isCopy: true };
  }
}

async function localModel(path: string): Promise<LocalModel> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    throw new ServingError(
      "INVALID_REQUEST",
      `Failed to download model data (${path}): there is no such file or folder.`,
      { field: "TargetModel", where: path },
    );
  }
  return {
    id: idOf([path, String(found.mtimeMs), String(found.size), String(found.ino)]),
    path,
    isCopy: false,
  };
}

function noObject({ bucket, key }: S3Address): ServingError {
  return new ServingError(
    "INVALID_REQUEST",
    `Failed to download model data(bucket: ${bucket}, key: ${key}). Please ensure that there is an object located at the URL.`,
    { field: "TargetModel", where: s3Url({ bucket, key }) },
  );
}

function idOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, idLength);
}

function withSlash(key: string): string {
  return key === "" || key.endsWith("/") ? key : `${key}/`;
}
