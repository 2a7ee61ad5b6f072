import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Longer bodies are no help in a terminal. */
const longestBody = 2000;

/**
 * The `sample_input.json` of a model, on one line: a real request says more than one full of zeros. It is looked for
 * where models usually lie, in a folder of the model's name; undefined where there is none, or none that is short.
 */
export async function findSample(folder: string, model: string): Promise<string | undefined> {
  for (const place of [join(folder, "models", model), join(folder, model), folder]) {
    const body = await readSample(join(place, "sample_input.json"));
    if (body !== undefined) return body;
  }
  return undefined;
}

async function readSample(file: string): Promise<string | undefined> {
  try {
    const body = JSON.stringify(JSON.parse(await readFile(file, "utf8")));
    return body.length <= longestBody ? body : undefined;
  } catch {
    // Missing, or not JSON: there are other samples.
    return undefined;
  }
}
