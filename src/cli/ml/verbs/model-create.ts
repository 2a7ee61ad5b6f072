import { resolve } from "node:path";
import { modelSpecSchema } from "../../../contracts/control/assets.ts";
import { modelSpec } from "../../../repositories/azureml/index.ts";
import { checked } from "../documents/checked.ts";
import { override, readSpecification } from "../documents/read.ts";
import { tagsOf } from "../edits/key-values.ts";
import { MlError } from "../ml-error.ts";
import type { JsonObject } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { assetViews } from "../views/asset-view.ts";

interface CreateValues {
  readonly file: string | undefined;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly path: string | undefined;
  readonly type: string | undefined;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly stage: string | undefined;
  readonly set: readonly string[];
  readonly variables: readonly string[];
}

export async function createModel(values: CreateValues, session: Session): Promise<JsonObject> {
  const { file, name, path } = values;
  if (file === undefined && (name === undefined || path === undefined)) {
    throw new MlError("Please provide either --file/-f or --name/-n and --path/-p.");
  }
  const { cwd } = session.context;
  const fromFlags = [
    ...override("--name", "name", name),
    ...override("--version", "version", values.version),
    ...override("--path", "path", path === undefined ? undefined : localOr(path, cwd)),
    ...override("--type", "type", values.type),
    ...override("--description", "description", values.description),
    ...override("--tags", "tags", values.tags.length === 0 ? undefined : tagsOf(values.tags)),
    ...override("--stage", "stage", values.stage),
  ];
  const { document } = await readSpecification("model", values, fromFlags, session);
  const spec = checked(modelSpecSchema, modelSpec(document, document.name), "model");
  return assetViews.models.whole(await session.client.createAsset("models", spec));
}

/** A path of the line, seen from where it was typed; what is somewhere else keeps its address, to be refused by it. */
function localOr(path: string, cwd: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(path) ? path : resolve(cwd, path);
}
