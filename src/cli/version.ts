import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

let known: string | undefined;

/** This package's version, read when it is first asked for. */
export function version(): string {
  known ??= readVersion(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return known;
}

function readVersion(json: string): string {
  const manifest: unknown = JSON.parse(json);
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new Error("package.json has no version");
}
