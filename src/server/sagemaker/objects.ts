import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { randomUUID } from "node:crypto";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { S3Client } from "../../repositories/s3/index.ts";
import { locationOf } from "./model-location.ts";

/** Files of this machine and objects of S3. */
export class Objects implements ObjectStore {
  readonly #s3: S3Client;

  constructor(s3: S3Client) {
    this.#s3 = s3;
  }

  async read(url: string): Promise<Uint8Array> {
    const location = locationOf(url, "InputLocation");
    if (location.kind === "s3") return await this.#s3.read(location.address);
    return await readFile(location.path).catch((error: unknown) => {
      throw new ServingError(
        "ASSET_NOT_FOUND",
        `There is no file ${location.path}.`,
        { where: location.path },
        { cause: error },
      );
    });
  }

  /** Whoever waits for the file to appear finds it whole. */
  async write(url: string, body: Uint8Array, contentType: string | null): Promise<void> {
    const location = locationOf(url, "OutputConfig");
    if (location.kind === "s3") {
      await this.#s3.write(location.address, body, contentType);
      return;
    }
    const partial = `${location.path}.${randomUUID()}`;
    try {
      await mkdir(dirname(location.path), { recursive: true });
      await writeFile(partial, body);
      await rename(partial, location.path);
    } catch (error) {
      throw ServingError.from(error, "UNREACHABLE");
    }
  }
}
