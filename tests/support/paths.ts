import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export const hostlerCommand = join(root, "bin", "hostler");

/** A file of the folder beside the repository where source documents and data sets may lie; they are not part of it. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(root, "..", "shared", ...parts);
  return existsSync(path) ? path : undefined;
}

/** The interpreter with the frameworks: the one that the caller names, else the repository's own. */
export function pythonInterpreter(): string {
  const named = process.env["HOSTLER_PYTHON"];
  if (named !== undefined) return named;
  const own = join(root, ".venv", "bin", "python");
  return existsSync(own) ? own : "python3";
}

/** PATH with the repository's shims in front, as `eval "$(hostler shims)"` leaves it. */
export function pathWithShims(): string {
  return [join(root, "shims"), process.env["PATH"] ?? ""].join(delimiter);
}
