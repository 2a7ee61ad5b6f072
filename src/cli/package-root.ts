import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of package.json, from a source file and from the bundle alike. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("hostler's own package.json is missing");
    folder = parent;
  }
  return folder;
}
