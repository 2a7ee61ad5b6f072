import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem, progress, root } from "./house.mjs";
import { capture } from "./processes.mjs";
import { venvPython } from "./venv.mjs";

/** The folder that `npm start` serves. */
export const exampleFolder = join(root, "examples", "multi-model");

/** Trained rather than committed: a model file is code, and belongs to the library version that wrote it. */
export async function ensureExampleModels() {
  if (areTrained()) return;
  await progress("example models", async () => {
    const { code, output } = await capture(venvPython, [join(exampleFolder, "train.py")]);
    if (code !== 0)
      throw new Problem(`The example models could not be trained; train.py said:\n${output.trim()}`);
  });
}

function areTrained() {
  const models = join(exampleFolder, "models");
  return readdirSync(models, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(models, entry.name, "model-settings.json")))
    .every((entry) => readdirSync(join(models, entry.name)).some((file) => file.startsWith("model.")));
}
