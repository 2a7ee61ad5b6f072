import { resolve } from "node:path";
import { environmentSpecSchema } from "../../../contracts/control/assets.ts";
import { environmentSpec } from "../../../repositories/azureml/index.ts";
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
  readonly image: string | undefined;
  readonly condaFile: string | undefined;
  readonly buildContext: string | undefined;
  readonly dockerfilePath: string | undefined;
  readonly osType: string | undefined;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly set: readonly string[];
  readonly variables: readonly string[];
}

export async function createEnvironment(values: CreateValues, session: Session): Promise<JsonObject> {
  const { image, buildContext, condaFile } = values;
  if (image !== undefined && buildContext !== undefined) {
    throw new MlError("--image/-i and --build-context/-b are mutually exclusive arguments.");
  }
  const { cwd } = session.context;
  const pathOf = (path: string | undefined): string | undefined => path && resolve(cwd, path);
  const fromFlags = [
    ...override("--name", "name", values.name),
    ...override("--version", "version", values.version),
    ...override("--image", "image", image),
    ...override("--conda-file", "conda_file", pathOf(condaFile)),
    ...override("--build-context", "build.path", pathOf(buildContext)),
    ...override("--dockerfile-path", "build.dockerfile_path", values.dockerfilePath?.replace(/^\//, "")),
    ...override("--os-type", "os_type", values.osType),
    ...override("--description", "description", values.description),
    ...override("--tags", "tags", values.tags.length === 0 ? undefined : tagsOf(values.tags)),
  ];
  const { document } = await readSpecification("environment", values, fromFlags, session);
  const spec = checked(environmentSpecSchema, environmentSpec(document, document.name), "environment");
  return assetViews.environments.whole(await session.client.createAsset("environments", spec));
}
