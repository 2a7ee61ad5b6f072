import { createReadStream } from "node:fs";
import { Parser, type ReadEntry } from "tar";
import { refused } from "./entry-names.ts";
import type { ArchiveEntry } from "./unpacker.ts";

const files: ReadonlySet<string> = new Set(["File", "OldFile", "ContiguousFile"]);
const folders: ReadonlySet<string> = new Set(["Directory", "GNUDumpDir"]);
const ownerExecutes = 0o100;

/**
 * Hands every entry of a tar file, compressed or not, to `take`, one after the other; rejects as soon as that does, or
 * where the file is no tar file.
 */
export async function eachTarEntry(
  path: string,
  take: (entry: ArchiveEntry) => Promise<void>,
): Promise<void> {
  const failed = Promise.withResolvers<never>();
  // The limits of the unpacker are the ones that count.
  const parser = new Parser({ strict: true, maxDecompressionRatio: Number.POSITIVE_INFINITY });
  const reading: Reading = { entry: null, isBroken: false };
  let last: Promise<void> = Promise.resolve();
  parser.on("entry", (entry: ReadEntry) => {
    last = last
      .then(() => take(entryOf(entry, reading)))
      .then(() => {
        // A folder that claims to have content.
        entry.resume();
      });
    last.catch(failed.reject);
  });
  parser.on("error", failed.reject);
  const ended = new Promise<void>((resolve) => parser.once("end", resolve));
  const source = createReadStream(path);
  try {
    await Promise.race([failed.promise, feed(source, parser)]);
    await Promise.race([failed.promise, ended]);
    await Promise.race([failed.promise, last]);
  } catch (error) {
    // An entry that stays without its end would be waited for, with the file open that it is written to.
    reading.isBroken = true;
    reading.entry?.destroy();
    throw error;
  } finally {
    source.destroy();
    await last.catch(() => undefined);
  }
}

interface Reading {
  /** The one whose content is being taken. */
  entry: ReadEntry | null;
  isBroken: boolean;
}

async function feed(source: AsyncIterable<Uint8Array>, parser: Parser): Promise<void> {
  for await (const chunk of source) {
    const hasRoom = parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (!hasRoom) await new Promise<void>((resolve) => parser.once("drain", resolve));
  }
  parser.end();
}

function entryOf(entry: ReadEntry, reading: Reading): ArchiveEntry {
  const isFolder = folders.has(entry.type);
  if (!isFolder && !files.has(entry.type)) throw refused(entry.path, "is no plain file or folder");
  return {
    name: entry.path,
    kind: isFolder ? "folder" : "file",
    isExecutable: ((entry.mode ?? 0) & ownerExecutes) !== 0,
    content: () => {
      if (reading.isBroken) return Promise.reject(new Error("the archive is broken"));
      reading.entry = entry;
      return Promise.resolve(entry);
    },
  };
}
