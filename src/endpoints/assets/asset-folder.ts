import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assetKinds, type AssetKind } from "../../contracts/control/assets.ts";
import type { AssetTarget } from "../records.ts";
import { syncPath } from "./content.ts";

const incoming = ".incoming";

/**
 * The files of assets: `models/<name>/<version>/<what the path's last part was called>`. A version's folder is made
 * elsewhere and renamed into place, so that it is there as a whole or not at all.
 */
export class AssetFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  get path(): string {
    return this.#root;
  }

  /** Removes what a process that was killed left behind: folders that no row knows. */
  async sweep(isKnown: (kind: AssetKind, target: AssetTarget) => boolean): Promise<void> {
    await rm(join(this.#root, incoming), { recursive: true, force: true });
    await mkdir(join(this.#root, incoming), { recursive: true, mode: 0o700 });
    for (const kind of assetKinds) {
      for (const name of await entriesOf(join(this.#root, kind))) {
        for (const version of await entriesOf(join(this.#root, kind, name))) {
          if (!isKnown(kind, { name, version })) await this.remove(kind, { name, version });
        }
      }
    }
  }

  /** An empty folder to make a version in. */
  stage(): Promise<string> {
    return mkdtemp(join(this.#root, incoming, "version-"));
  }

  async discard(staged: string): Promise<void> {
    await rm(staged, { recursive: true, force: true });
  }

  /** Makes what was staged the files of this version; durable when it resolves. */
  async publish(staged: string, kind: AssetKind, target: AssetTarget): Promise<string> {
    const folder = this.#folderOf(kind, target);
    await mkdir(dirname(folder), { recursive: true });
    await syncPath(staged);
    // A deletion may have been cut short after its row had gone.
    await rm(folder, { recursive: true, force: true });
    await rename(staged, folder);
    await syncPath(dirname(folder));
    return folder;
  }

  async remove(kind: AssetKind, target: AssetTarget): Promise<void> {
    const folder = this.#folderOf(kind, target);
    await rm(folder, { recursive: true, force: true });
    // Its name goes with its last version.
    await rmdir(dirname(folder)).catch(() => undefined);
  }

  #folderOf(kind: AssetKind, { name, version }: AssetTarget): string {
    return join(this.#root, kind, name, version);
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
