import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Complaint } from "../shared/complaint.ts";
import { isMissing } from "../shared/file-errors.ts";

/** Where keys come from. Messages name it and never a key. */
interface KeySource {
  readonly where: string;
  readonly subject: string;
}

/** Digests of the keys in a file: one a line, as itself or as `sha256:` and its digest; `#` begins a comment. */
export async function readKeyFile(path: string, cwd: string): Promise<readonly string[]> {
  const source = { where: "flag --api-key-file", subject: `The key file ${path}` };
  let text: string;
  try {
    text = await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    const what = isMissing(error) ? "does not exist" : `cannot be read (${String(error)})`;
    throw complaint(source, what, "Name a file that holds one key a line.");
  }
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith("#"));
  return digests(lines, source);
}

/** Digests of the keys in a variable, separated by commas. */
export function readKeyVariable(value: string, name: string): readonly string[] {
  return digests(value.split(","), { where: name, subject: name });
}

/** No key at all is a mistake, and a dangerous one: whoever set this counts on being asked for it. */
function digests(texts: readonly string[], source: KeySource): readonly string[] {
  const keys = texts.map((text) => text.trim()).filter((text) => text !== "");
  if (keys.length === 0) throw complaint(source, "holds no key", "Put a key in, or do not set it.");
  return [...new Set(keys.map((key) => digest(key, source)))];
}

function digest(key: string, source: KeySource): string {
  if (!key.startsWith("sha256:")) return createHash("sha256").update(key).digest("hex");
  const hex = key.slice("sha256:".length).toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw complaint(source, "holds a digest that is none", "Write 64 hexadecimal digits after sha256:.");
}

function complaint({ where, subject }: KeySource, what: string, hint: string): Complaint {
  return new Complaint({ where, reason: `${subject} ${what}.`, hint });
}
