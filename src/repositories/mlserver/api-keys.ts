import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Complaint } from "../shared/complaint.ts";

/** Digests of the keys in a file: one a line, as itself or as `sha256:` and its digest; `#` begins a comment. */
export async function readKeyFile(path: string, cwd: string): Promise<readonly string[]> {
  const where = `flag --api-key-file ${path}`;
  let text: string;
  try {
    text = await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Complaint({ where, reason: `cannot be read: ${reason}` });
  }
  return digests(
    text.split(/\r?\n/).filter((line) => !line.startsWith("#")),
    where,
  );
}

/** Digests of the keys in a variable, separated by commas. */
export function readKeyVariable(value: string, where: string): readonly string[] {
  return digests(value.split(","), where);
}

/** No key at all is a mistake, and a dangerous one: whoever set this counts on being asked for it. */
function digests(lines: readonly string[], where: string): readonly string[] {
  const keys = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (keys.length === 0) {
    throw new Complaint({ where, reason: "holds no key", hint: "Put a key in, or do not set it." });
  }
  return [...new Set(keys.map((key, index) => digest(key, `${where}, key ${String(index + 1)}`)))];
}

function digest(key: string, where: string): string {
  if (!key.startsWith("sha256:")) return createHash("sha256").update(key).digest("hex");
  const hex = key.slice("sha256:".length).toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new Complaint({ where, reason: "expected 64 hexadecimal digits after sha256:" });
}
