import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServingError } from "../../contracts/serving-error.ts";

/** Absolute path of a program of the Python package, which lies beside the sources and beside the bundle alike. */
export function pythonProgram(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const program = join(folder, "python", "src", "hostler", name);
    if (existsSync(program)) return program;
    if (folder === dirname(folder)) {
      throw new ServingError("ENVIRONMENT_UNUSABLE", `${name} is missing from this installation.`, {
        hint: "Install hostler again.",
      });
    }
  }
}
