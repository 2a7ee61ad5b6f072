import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatBytes } from "../../contracts/units.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { type EntryKind, EntryNames } from "./entry-names.ts";
import type { ArchiveLimits } from "./limits.ts";

/** One entry of an archive, whatever its format. */
export interface ArchiveEntry {
  readonly name: string;
  readonly kind: EntryKind;
  /** Whether its owner may run it. */
  readonly isExecutable: boolean;
  /** Asked once, for a file. */
  readonly content: () => Promise<AsyncIterable<Uint8Array>>;
}

/** Writes the entries of one archive into a fresh folder, and counts while it does. */
export class Unpacker {
  readonly #folder: string;
  readonly #names: EntryNames;
  readonly #limits: ArchiveLimits;
  readonly #archiveBytes: number;
  #entries = 0;
  #bytes = 0;

  constructor(folder: string, archiveBytes: number, limits: ArchiveLimits) {
    this.#folder = folder;
    this.#names = new EntryNames(limits.depth);
    this.#limits = limits;
    this.#archiveBytes = archiveBytes;
  }

  /** Rejects with INVALID_DOCUMENT where the entry is not safe, or the archive holds too much. */
  async take({ name, kind, isExecutable, content }: ArchiveEntry): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw tooMuch(`more than ${String(this.#limits.entries)} entries`);
    const path = join(this.#folder, this.#names.take(name, kind));
    if (kind === "folder") {
      await mkdir(path, { recursive: true });
      return;
    }
    await mkdir(dirname(path), { recursive: true });
    // `wx`: never through a link, never over something that is there.
    await using file = await open(path, "wx", isExecutable ? 0o755 : 0o644);
    for await (const chunk of await content()) {
      this.#count(chunk.byteLength);
      await file.writeFile(chunk);
    }
  }

  #count(bytes: number): void {
    const { bytes: most, ratio, ratioFromBytes } = this.#limits;
    this.#bytes += bytes;
    if (this.#bytes > most) throw tooMuch(`more than ${formatBytes(most)} when unpacked`);
    if (this.#bytes > ratioFromBytes && this.#bytes > this.#archiveBytes * ratio) {
      throw tooMuch(`more than ${String(ratio)} times its own size when unpacked`);
    }
  }
}

function tooMuch(what: string): ServingError {
  return new ServingError("INVALID_DOCUMENT", `The archive holds ${what}.`, {
    hint: "Nothing of it was kept. Serve the unpacked folder instead if it is meant to be so.",
  });
}
