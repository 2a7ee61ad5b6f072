import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isMissing } from "./file-errors.ts";
import { comparePaths } from "./paths.ts";

export interface FoundFile {
  readonly path: string;
  /** The folder it was found in, free of links. */
  readonly realFolder: string;
}

export interface FoundFiles {
  /** Sorted, so that nothing depends on the order of the file system. */
  readonly files: readonly FoundFile[];
  /** Folders that may not be read. */
  readonly unreadable: readonly string[];
}

/**
 * Every file called `fileName` at any depth below `top`; none where `top` is no folder. Names with a leading dot are
 * skipped and links to folders are followed, as MLServer's glob does, but each folder is visited once: a link that
 * leads back ends there.
 */
export async function findFiles(top: string, fileName: string): Promise<FoundFiles> {
  const walk = new Walk(fileName);
  await walk.from(top);
  const files = walk.files.sort((a, b) => comparePaths(a.path, b.path));
  return { files, unreadable: walk.unreadable.sort() };
}

class Walk {
  readonly files: FoundFile[] = [];
  readonly unreadable: string[] = [];
  readonly #fileName: string;
  /** Real paths of the folders that have been visited. */
  readonly #visited = new Set<string>();
  #links: string[] = [];

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  async from(top: string): Promise<void> {
    await this.#follow([top]);
    // Links come last and in order, so that a folder goes by its own name rather than by a link's.
    while (this.#links.length > 0) {
      const links = this.#links.sort();
      this.#links = [];
      await this.#follow(links);
    }
  }

  /** Looks into what the paths lead to; one folder after the other, because they may be the same. */
  async #follow(paths: readonly string[]): Promise<void> {
    const targets = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
    for (const [index, path] of paths.entries()) {
      const target = targets[index];
      if (target?.isDirectory() === true) await this.#folder(path, await realpath(path));
      else if (target?.isFile() === true && basename(path) === this.#fileName) {
        this.files.push({ path, realFolder: await realpath(dirname(path)) });
      }
    }
  }

  async #folder(path: string, real: string): Promise<void> {
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    let entries: Dirent[];
    try {
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (!isMissing(error)) this.unreadable.push(path);
      return;
    }
    const folders: string[] = [];
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.isSymbolicLink()) this.#links.push(`${path}/${entry.name}`);
      else if (entry.name === this.#fileName)
        this.files.push({ path: `${path}/${entry.name}`, realFolder: real });
    }
    await Promise.all(folders.map((name) => this.#folder(`${path}/${name}`, `${real}/${name}`)));
  }
}
