import type { Entry, ZipFile } from "yauzl";
import { refused } from "./entry-names.ts";
import type { ArchiveEntry } from "./unpacker.ts";

/** The entries of a zip file, as its directory lists them. */
export async function* zipEntries(path: string): AsyncGenerator<ArchiveEntry, void> {
  const zip = await openZip(path);
  try {
    for await (const entry of zip.eachEntry()) yield entryOf(zip, entry);
  } finally {
    zip.close();
  }
}

async function openZip(path: string): Promise<ZipFile> {
  // A bundle has only the default of a CommonJS module that is imported this way.
  const { open } = (await import("yauzl")).default;
  // Sizes are compared while the data is read: what a header says is not what is believed.
  const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true };
  return new Promise((resolve, reject) => {
    open(path, options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(error);
    });
  });
}

const unixSystem = 3;
const kindBits = 0o170_000;
const regular = 0o100_000;
const folder = 0o040_000;
const ownerExecutes = 0o100;

function entryOf(zip: ZipFile, entry: Entry): ArchiveEntry {
  const name = entry.fileName;
  const isFolder = name.endsWith("/");
  const mode = entry.versionMadeBy >> 8 === unixSystem ? entry.externalFileAttributes >>> 16 : 0;
  const kind = mode & kindBits;
  if (kind !== 0 && kind !== regular && kind !== folder) throw refused(name, "is no plain file or folder");
  if (!isFolder && !entry.canDecodeFileData())
    throw refused(name, "is encrypted, or packed in an unknown way");
  return {
    name,
    kind: isFolder ? "folder" : "file",
    isExecutable: (mode & ownerExecutes) !== 0,
    content: () => zip.openReadStreamPromise(entry),
  };
}
