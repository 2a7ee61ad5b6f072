import { parse, stringify } from "yaml";
import { z } from "zod";
import type {
  AssetKind,
  AssetPatch,
  Assets,
  CodeAsset,
  EnvironmentAsset,
  ModelAsset,
  TextMap,
} from "../../contracts/control/assets.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall } from "./context.ts";
import { assetId, workspaceId } from "./ids.ts";
import { textMapSchema, validated, wordSchema } from "./json.ts";
import { systemData } from "./resource.ts";
import { assetKey, containerName, containerUrl, datastoreName } from "./storage.ts";

const resourceType = "Microsoft.MachineLearningServices/workspaces";

export function encodeAsset<K extends AssetKind>(call: ArmCall, kind: K, asset: Assets[K]): object {
  const { name, version } = asset;
  return {
    id: assetId(call.scope, kind, name, version),
    name: version,
    type: `${resourceType}/${kind}/versions`,
    properties: {
      ...(asset.description === null ? {} : { description: asset.description }),
      tags: asset.tags,
      properties: asset.properties,
      isArchived: asset.is_archived,
      isAnonymous: asset.is_anonymous,
      ...contentOfAsset(call, asset),
      provisioningState: "Succeeded",
    },
    systemData: systemData(asset.created_at, asset.modified_at),
  };
}

function contentOfAsset(call: ArmCall, asset: ModelAsset | EnvironmentAsset | CodeAsset): object {
  if ("type" in asset) return encodeModel(call, asset);
  return "image" in asset ? encodeEnvironment(call, asset) : { codeUri: codeUriOf(call, asset) };
}

function encodeModel(call: ArmCall, asset: ModelAsset): object {
  return {
    modelType: asset.type,
    modelUri: modelUriOf(call, asset),
    // Clients go through them without looking whether there are any.
    flavors: {},
    ...(asset.stage === null ? {} : { stage: asset.stage }),
  };
}

/** Where the files of a model are read from; the same address always, so that a client can send it back. */
export function modelUriOf({ scope }: ArmCall, asset: ModelAsset): string {
  const { subscription, group, workspace } = scope;
  const datastore = `azureml://subscriptions/${subscription}/resourceGroups/${group}/workspaces/${workspace}/datastores/${datastoreName}`;
  return `${datastore}/paths/${assetKey("models", asset, asset.path)}`;
}

export function codeUriOf({ origin }: ArmCall, asset: CodeAsset): string {
  return `${containerUrl(origin, containerName)}/${assetKey("codes", asset, asset.path)}`;
}

function encodeEnvironment({ origin }: ArmCall, asset: EnvironmentAsset): object {
  const { image, build, conda, inference_config: inference, os_type: system } = asset;
  return {
    environmentType: "UserCreated",
    osType: system === "linux" ? "Linux" : "Windows",
    ...(image === null ? {} : { image }),
    ...(conda === null ? {} : { condaFile: stringify(conda) }),
    ...(build === null
      ? {}
      : {
          build: {
            contextUri: `${containerUrl(origin, containerName)}/${assetKey("environments", asset, build.path)}/`,
            dockerfilePath: build.dockerfile_path,
          },
        }),
    ...(inference === null
      ? {}
      : {
          inferenceConfig: {
            livenessRoute: inference.liveness_route,
            readinessRoute: inference.readiness_route,
            scoringRoute: inference.scoring_route,
          },
        }),
  };
}

/** All versions under one name. */
export function encodeContainer<K extends AssetKind>(
  call: ArmCall,
  kind: K,
  versions: readonly Assets[K][],
): object {
  const [newest] = versions;
  if (newest === undefined) throw new ServingError("ASSET_NOT_FOUND", "There are no versions.");
  const oldest = versions.at(-1) ?? newest;
  return {
    id: `${workspaceId(call.scope)}/${kind}/${newest.name}`,
    name: newest.name,
    type: `${resourceType}/${kind}`,
    properties: {
      tags: newest.tags,
      properties: newest.properties,
      isArchived: versions.every(({ is_archived: isArchived }) => isArchived),
      latestVersion: newest.version,
      nextVersion: nextVersion(versions.map(({ version }) => version)),
      provisioningState: "Succeeded",
    },
    systemData: systemData(oldest.created_at, newest.modified_at),
  };
}

function nextVersion(versions: readonly string[]): string {
  const numbers = versions.filter((version) => /^\d{1,15}$/.test(version)).map(Number);
  return String(Math.max(0, ...numbers) + 1);
}

const routeSchema = z.object({ path: z.string(), port: z.int() });

const bodySchema = z.object({
  properties: z.object({
    description: z.string().nullish(),
    tags: textMapSchema,
    properties: textMapSchema,
    isAnonymous: z.boolean().nullish(),
    isArchived: z.boolean().nullish(),
    stage: z.string().nullish(),
    modelType: wordSchema({
      custommodel: "custom_model",
      mlflowmodel: "mlflow_model",
      tritonmodel: "triton_model",
    }),
    modelUri: z.string().nullish(),
    codeUri: z.string().nullish(),
    image: z.string().nullish(),
    condaFile: z.string().nullish(),
    build: z.object({ contextUri: z.string(), dockerfilePath: z.string().nullish() }).nullish(),
    osType: wordSchema({ linux: "linux", windows: "windows" }),
    inferenceConfig: z
      .object({ livenessRoute: routeSchema, readinessRoute: routeSchema, scoringRoute: routeSchema })
      .nullish(),
  }),
});

export type AssetBody = z.output<typeof bodySchema>["properties"];

export function decodeAsset(body: unknown): AssetBody {
  return validated(bodySchema, body).properties;
}

/** What every spec begins with. */
export function commonSpec(name: string, version: string, body: AssetBody): object {
  return {
    name,
    version,
    description: body.description ?? null,
    tags: body.tags,
    properties: body.properties,
    is_anonymous: body.isAnonymous ?? false,
  };
}

/** What a client may change of an asset that exists. */
export function patchOf(body: AssetBody): AssetPatch {
  const properties: TextMap = body.properties;
  return {
    description: body.description ?? null,
    tags: body.tags,
    properties,
    ...(body.stage === undefined ? {} : { stage: body.stage }),
    is_archived: body.isArchived ?? false,
  };
}

/** The conda file comes as its text. */
export function condaOf(text: string | null | undefined): unknown {
  if (text === null || text === undefined || text.trim() === "") return null;
  try {
    return parse(text);
  } catch (error) {
    throw ServingError.invalidField("properties.condaFile", "YAML", ServingError.from(error).message);
  }
}
