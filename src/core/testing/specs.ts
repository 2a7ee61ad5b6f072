import { parseModelName, parseModelVersion } from "../../contracts/identifiers.ts";
import type { ModelDescription } from "../models/model-description.ts";
import type { ModelSpec } from "../models/model-spec.ts";

type SpecFields = Omit<Partial<ModelSpec>, "name" | "version">;

/** A spec as a repository reader would make it, of `name` or `name@version`. */
export function specOf(label: string, fields: SpecFields = {}): ModelSpec {
  const [nameText = "", versionText] = label.split("@");
  const name = parseModelName(nameText);
  const version = versionText === undefined ? null : parseModelVersion(versionText);
  if (name === undefined || version === undefined) throw new Error(`${label} is no name of a model.`);
  const folder = `/models/${label}`;
  return {
    name,
    version,
    runtime: "sklearn",
    artifact: `${folder}/model.joblib`,
    artifactBytes: 1000,
    folder,
    origin: `${folder}/model-settings.json`,
    interpreter: null,
    batching: { maxCalls: 0, maxWaitMs: 0 },
    pinned: false,
    extra: {},
    metadata: { platform: "", versions: [], inputs: [], outputs: [], parameters: {} },
    ...fields,
  };
}

export function descriptionOf(fields: Partial<ModelDescription> = {}): ModelDescription {
  return {
    framework: "fake 1.0",
    modelClass: "fake.Model",
    inputs: null,
    outputs: ["predict"],
    defaultOutput: "predict",
    rowWise: true,
    memoryBytes: 1000,
    loadMs: 1,
    ...fields,
  };
}
