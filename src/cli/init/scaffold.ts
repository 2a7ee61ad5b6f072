import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import { templates } from "./templates.ts";

/** What became of one file of the scaffold. */
export interface Scaffolded {
  /** Relative to the folder. */
  readonly path: string;
  readonly result: "created" | "kept";
}

/** Writes what is missing. What is there is kept, whatever it holds. */
export async function scaffold(folder: string): Promise<readonly Scaffolded[]> {
  const results: Scaffolded[] = [];
  for (const [path, content] of Object.entries(templates)) {
    results.push({ path, result: await writeNew(join(folder, path), content) });
  }
  return results;
}

async function writeNew(file: string, content: string): Promise<Scaffolded["result"]> {
  await mkdir(dirname(file), { recursive: true }).catch(refuse(file));
  try {
    await writeFile(file, content, { flag: "wx" });
    return "created";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return "kept";
    return refuse(file)(error);
  }
}

function refuse(file: string): (error: unknown) => never {
  return (error) => {
    const { message } = ServingError.from(error);
    const details = { where: file, hint: "Name a folder that can be written to: hostler init DIR." };
    throw new ServingError("INVALID_SETTINGS", `${file} cannot be written: ${message}`, details, {
      cause: error,
    });
  };
}
