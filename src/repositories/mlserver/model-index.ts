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
  /** What was put into marked folders and has not shown a model yet: it may still be being copied. */
  readonly #arrivals = new Set<string>();

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
    await Promise.all(shared.slice(0, mostMarks).map(([folder]) => index.#noteArrivals(folder)));
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

  /** Notes that `file` is whole: where it lies need not be searched again. */
  settle(file: string): void {
    for (const arrival of this.#arrivals) if (isInside(file, arrival)) this.#arrivals.delete(arrival);
  }

  /** Files not known yet that may describe `name`: beside its known ones, or where one of that name would be put. */
  async newFilesFor(name: string): Promise<readonly string[]> {
    const known = this.filesOf(name);
    const isNew = known.length === 0;
    const folders = isNew
      ? [...this.#marks.keys()]
      : [...new Set(known.flatMap((file) => this.#foldersAbove(file)))];
    const marked = folders.filter((folder) => this.#marks.has(folder));
    const unmarked = folders.filter((folder) => !this.#marks.has(folder));
    await Promise.all(marked.map((folder) => this.#noteArrivals(folder)));
    const arrivals = [...this.#arrivals].filter((arrival) => marked.includes(dirname(arrival)));
    // Only what can be a name may become part of a path.
    const guesses =
      isNew && parseModelName(name) !== undefined ? marked.map((folder) => join(folder, name)) : [];
    const places = [...new Set([...unmarked, ...arrivals, ...guesses])];
    const found = await Promise.all(places.map((place) => this.#filesAt(place)));
    return [...new Set(found.flat())].filter((file) => !known.includes(file));
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

  /** Takes note of what has been put into a folder since it was last read. */
  async #noteArrivals(folder: string): Promise<void> {
    const before = this.#marks.get(folder);
    const readAtMs = Date.now();
    try {
      const { mtimeMs: modifiedAtMs } = await stat(folder);
      const isSettled = before !== undefined && before.readAtMs - before.modifiedAtMs > tickMs;
      if (isSettled && before.modifiedAtMs === modifiedAtMs) return;
      const children = new Set((await readdir(folder)).filter((child) => !child.startsWith(".")));
      this.#marks.set(folder, { children, modifiedAtMs, readAtMs });
      if (before === undefined) return;
      for (const child of children) if (!before.children.has(child)) this.#arrivals.add(join(folder, child));
    } catch {
      // Gone or forbidden: there is nothing to be found in it.
    }
  }
}
