import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { ZipFile } from "yazl";

/** One entry of an archive that is made for a test, however wrong it is. */
export interface MadeEntry {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Unix mode with its kind, as 0o120777 for a link. */
  readonly mode?: number;
  /** tar's kind of entry. */
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice" | "FIFO";
  readonly linkpath?: string;
}

export async function makeZip(path: string, entries: readonly MadeEntry[]): Promise<void> {
  const zip = new ZipFile();
  // yazl refuses names that no honest archive has; the same number of other letters is put in their place afterwards.
  const swaps: (readonly [string, string])[] = [];
  for (const [index, { name, content = "", mode = 0o100_644 }] of entries.entries()) {
    const isOdd = /^\/|\.\.|\\|^[A-Za-z]:/.test(name);
    const written = isOdd ? String.fromCharCode(0x61 + index).repeat(Buffer.byteLength(name)) : name;
    if (isOdd) swaps.push([written, name]);
    if (name.endsWith("/")) zip.addEmptyDirectory(written, { mode });
    else zip.addBuffer(Buffer.from(content), written, { mode });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  if (swaps.length > 0) await swapNames(path, swaps);
}

async function swapNames(path: string, swaps: readonly (readonly [string, string])[]): Promise<void> {
  const { readFile } = await import("node:fs/promises");
  let bytes = (await readFile(path)).toString("latin1");
  for (const [written, meant] of swaps)
    bytes = bytes.replaceAll(written, Buffer.from(meant).toString("latin1"));
  await writeFile(path, Buffer.from(bytes, "latin1"));
}

const blockBytes = 512;

export async function makeTar(path: string, entries: readonly MadeEntry[], isPacked = true): Promise<void> {
  const blocks = entries.flatMap(({ name, content = "", mode = 0o644, type = "File", linkpath }) => {
    const body = Buffer.from(content);
    const header = new Header({
      path: name,
      mode,
      size: body.byteLength,
      type,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    });
    const head = Buffer.alloc(blockBytes);
    header.encode(head, 0);
    const padding = Buffer.alloc((blockBytes - (body.byteLength % blockBytes)) % blockBytes);
    return [head, body, padding];
  });
  const whole = Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
  await writeFile(path, isPacked ? gzipSync(whole) : whole);
}
