import { ServingError } from "../../contracts/serving-error.ts";

export type EntryKind = "file" | "folder";

interface Known {
  readonly path: string;
  readonly kind: EntryKind;
}

/**
 * The names of one archive: each is checked before anything is written under it. What two file systems would tell apart
 * and a third would not is refused too, because an archive is to be the same model everywhere.
 */
export class EntryNames {
  readonly #deepest: number;
  /** By the name that a file system without upper and lower case would use. */
  readonly #known = new Map<string, Known>();

  constructor(deepest: number) {
    this.#deepest = deepest;
  }

  /**
   * The path to write to, relative and with `/`; empty for the archive's own top folder. INVALID_DOCUMENT for one that
   * leaves the folder, or that would be written twice.
   */
  take(name: string, kind: EntryKind): string {
    const parts = partsOf(name);
    if (parts.length > this.#deepest)
      throw refused(name, `lies more than ${String(this.#deepest)} folders deep`);
    const path = parts.join("/");
    for (const index of parts.keys()) {
      if (index > 0) this.#register(parts.slice(0, index).join("/"), "folder");
    }
    if (path !== "") this.#register(path, kind);
    else if (kind === "file") throw refused(name, "has no name");
    return path;
  }

  #register(path: string, kind: EntryKind): void {
    const key = path.normalize("NFC").toLowerCase();
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { path, kind });
      return;
    }
    if (known.path !== path)
      throw refused(path, `differs from ${quoted(known.path)} in upper and lower case alone`);
    if (known.kind !== kind) throw refused(path, "is both a file and a folder");
    if (kind === "file") throw refused(path, "is in it twice");
  }
}

/** In bytes, as the usual file systems have it. */
const longestPart = 255;

function partsOf(name: string): readonly string[] {
  if (name.startsWith("/")) throw refused(name, "is an absolute path");
  if (/^[A-Za-z]:/.test(name)) throw refused(name, "begins with a drive letter");
  if (name.includes("\\")) throw refused(name, "holds a backslash");
  if (/\p{Cc}/u.test(name)) throw refused(name, "holds a control character");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(name, "leads out of the archive");
  if (parts.some((part) => new TextEncoder().encode(part).byteLength > longestPart))
    throw refused(name, "is too long");
  return parts;
}

/** Why an entry is not unpacked. */
export function refused(name: string, why: string): ServingError {
  return new ServingError("INVALID_DOCUMENT", `The archive's entry ${quoted(name)} ${why}.`, {
    hint: "Nothing of the archive was kept. Pack plain files and folders under relative names.",
  });
}

const longestQuote = 120;

function quoted(name: string): string {
  return JSON.stringify(name.length <= longestQuote ? name : `${name.slice(0, longestQuote)}…`);
}
