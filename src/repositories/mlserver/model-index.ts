import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseModelName } from "../../contracts/identifiers.ts";
import { isInside } from "../shared/paths.ts";
import { findFiles } from "../shared/find-files.ts";

/** A folder as it was when it was last read. */
interface FolderMark {
  readonly children: ReadonlySet<string>;
  readonly modifiedAtMs: number;
  readonly readAtMs: number;
}

/** The most folders whose changes are looked for. Those that hold most models are taken. */
const mostMarks = 64;

/** A folder that was modified this shortly before it was read may have changed again within the clock's tick. */
const tickMs = 100;

/**
 * Remembers which file describes which model, so that looking for one name costs the same whatever else is there:
 * its own files are read again, and folders are listed only where something has been put into one or taken out.
 */
export class ModelIndex {
  readonly #fileName: string;
  readonly #root: string;
  /** Files by the names of the models they describe. */
  readonly #files = new Map<string, Set<string>>();
  readonly #marks = new Map<string, FolderMark>();

  private constructor(root: string, fileName: string) {
    this.#root = root;
    this.#fileName = fileName;
  }

  static async of(
    root: string,
    fileName: string,
    files: Iterable<readonly [file: string, name: string]>,
  ): Promise<ModelIndex> {
    const index = new ModelIndex(root, fileName);
    const counts = new Map([[root, Number.POSITIVE_INFINITY]]);
    for (const [file, name] of files) {
      index.put(file, name);
      for (const folder of index.#foldersAbove(file)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    const shared = [...counts].filter(([, count]) => count > 1).sort(([, a], [, b]) => b - a);
    await Promise.all(shared.slice(0, mostMarks).map(([folder]) => index.#newChildren(folder)));
    return index;
  }

  filesOf(name: string): readonly string[] {
    return [...(this.#files.get(name) ?? [])];
  }

  /** Notes that `file` describes a model called `name`, as far as it is known. */
  put(file: string, name: string): void {
    const files = this.#files.get(name);
    if (files === undefined) this.#files.set(name, new Set([file]));
    else files.add(file);
  }

  remove(file: string, name: string): void {
    this.#files.get(name)?.delete(file);
  }

  /** Files not known yet that may describe `name`: beside its known ones, or where one of that name would be put. */
  async newFilesFor(name: string): Promise<readonly string[]> {
    const known = this.filesOf(name);
    const folders =
      known.length === 0 ? this.#marks.keys() : new Set(known.flatMap((file) => this.#foldersAbove(file)));
    const places = [...folders].map(async (folder) => {
      if (!this.#marks.has(folder)) return [folder];
      const children = await this.#newChildren(folder);
      // Only what can be a name may become part of a path.
      if (known.length === 0 && parseModelName(name) !== undefined) children.add(name);
      return [...children].map((child) => join(folder, child));
    });
    const found = (await Promise.all(places)).flat().map(async (place) => this.#filesAt(place));
    return [...new Set((await Promise.all(found)).flat())].filter((file) => !known.includes(file));
  }

  async #filesAt(place: string): Promise<readonly string[]> {
    if (place === join(dirname(place), this.#fileName)) return [place];
    return (await findFiles(place, this.#fileName)).files.map(({ path }) => path);
  }

  /** From the file's own folder up to the root. */
  #foldersAbove(file: string): readonly string[] {
    const folders: string[] = [];
    for (let folder = dirname(file); isInside(folder, this.#root); folder = dirname(folder)) {
      folders.push(folder);
      if (folder === this.#root) break;
    }
    return folders;
  }

  /** What has been put into a folder since it was last read. */
  async #newChildren(folder: string): Promise<Set<string>> {
    const before = this.#marks.get(folder);
    const readAtMs = Date.now();
    try {
      const { mtimeMs: modifiedAtMs } = await stat(folder);
      const isSettled = before !== undefined && before.readAtMs - before.modifiedAtMs > tickMs;
      if (isSettled && before.modifiedAtMs === modifiedAtMs) return new Set();
      const children = (await readdir(folder)).filter((child) => !child.startsWith("."));
      this.#marks.set(folder, { children: new Set(children), modifiedAtMs, readAtMs });
      return new Set(before === undefined ? [] : children.filter((child) => !before.children.has(child)));
    } catch {
      return new Set();
    }
  }
}
