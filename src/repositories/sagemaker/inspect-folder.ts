import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ModelName, parseModelName } from "../../contracts/identifiers.ts";
import type { ModelSpec, RuntimeName } from "../../core/models/model-spec.ts";
import { ServingError } from "../../contracts/serving-error.ts";

/** How a model folder without a handler of its own is run. */
export interface InspectedModel {
  /** The inference toolkit's handler where there is an inference script; null where there is none. */
  readonly handler: string | null;
  /** Set where the files are a model of one of our own runtimes. */
  readonly builtIn: ModelSpec | null;
}

/** What the inference toolkit runs a script with. */
export const toolkitHandler = "sagemaker_inference.default_handler_service";

/** What people call their models in SageMaker's own containers and examples; the first that is there counts. */
const modelFiles: readonly (readonly [name: string, runtime: RuntimeName])[] = [
  ["model.joblib", "sklearn"],
  ["model.pkl", "sklearn"],
  ["model.pickle", "sklearn"],
  ["xgboost-model", "xgboost"],
  ["model.ubj", "xgboost"],
  ["model.json", "xgboost"],
  ["model.bst", "xgboost"],
  ["model.xgb", "xgboost"],
];

/**
 * Looks at the folder of a model as SageMaker unpacks it, and reads nothing: an inference script (`code/inference.py`,
 * or beside the model) wins over what the files look like.
 *
 * @param program as SAGEMAKER_PROGRAM names the script
 */
export async function inspectModelFolder(folder: string, program = "inference.py"): Promise<InspectedModel> {
  for (const script of [join(folder, "code", program), join(folder, program)]) {
    if ((await sizeOf(script)) !== null) return { handler: toolkitHandler, builtIn: null };
  }
  for (const [name, runtime] of modelFiles) {
    const artifact = join(folder, name);
    const artifactBytes = await sizeOf(artifact);
    if (artifactBytes !== null)
      return { handler: null, builtIn: specOf(folder, runtime, { artifact, artifactBytes }) };
  }
  return { handler: null, builtIn: null };
}

/** Null for what is no file. */
async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true ? found.size : null;
}

function specOf(
  folder: string,
  runtime: RuntimeName,
  file: { readonly artifact: string; readonly artifactBytes: number },
): ModelSpec {
  return {
    name: nameOf(folder),
    version: null,
    runtime,
    ...file,
    folder,
    origin: folder,
    interpreter: null,
    batching: { maxCalls: 0, maxWaitMs: 0 },
    pinned: false,
    extra: {},
    metadata: { platform: "", versions: [], inputs: [], outputs: [], parameters: {} },
  };
}

/** For messages, until whoever loads it names it: SageMaker's folders are `<name>/model`. */
function nameOf(folder: string): ModelName {
  const own = basename(folder) === "model" ? basename(dirname(folder)) : basename(folder);
  const name = parseModelName(own) ?? parseModelName("model");
  if (name === undefined) throw new ServingError("INTERNAL", "model is no name of a model.");
  return name;
}
