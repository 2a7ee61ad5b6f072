import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { join } from "node:path";

/** What is left free of the disk, whatever is asked for. */
const spareBytes = 512 * 2 ** 20;

/** Copies of models that lie elsewhere. Where the disk has no room, those go that were used least recently. */
export class ModelCache {
  readonly #folder: string;

  /** @param folder absolute; made when it is needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The path of a copy, made if it is not there. What is half made has another name, so that a start after a kill does not
   * take it for whole.
   *
   * @param fetch writes a file or a folder of about that many bytes
   */
  async obtain(id: string, bytes: number, fetch: (path: string) => Promise<void>): Promise<string> {
    const path = join(this.#folder, id);
    const now = new Date();
    const isThere = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#makeRoom(bytes);
    const partial = `${path}.${randomUUID()}.partial`;
    try {
      await fetch(partial);
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    return path;
  }

  async discard(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const path of await this.#leastRecentlyUsed()) {
      const { bavail, bsize } = await statfs(this.#folder);
      if (bavail * bsize >= bytes + spareBytes) return;
      await this.discard(path);
    }
  }

  async #leastRecentlyUsed(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const about = await stat(path).catch(() => null);
        return { path, usedAt: about?.mtimeMs ?? Infinity };
      }),
    );
    return found
      .filter(({ path }) => !path.endsWith(".partial"))
      .sort((a, b) => a.usedAt - b.usedAt)
      .map(({ path }) => path);
  }
}
