import type { Assets, EnvironmentAsset, ModelAsset } from "../../../contracts/control/assets.ts";
import { resourceIds } from "../../../contracts/control/workspace.ts";
import { type JsonObject, toJson } from "../output/json-value.ts";
import { creationContext } from "./creation-context.ts";

/** Assets that people handle by name. */
export type NamedKind = "models" | "environments";

interface View<A> {
  /** All of one version, with the keys that Azure's command line prints. */
  readonly whole: (asset: A) => JsonObject;
  /** What a list of names shows. */
  readonly container: (newest: A) => JsonObject;
  /** What a list of versions shows. */
  readonly row: (asset: A) => JsonObject;
}

export const assetViews: { readonly [K in NamedKind]: View<Assets[K]> } = {
  models: { whole: modelView, container: modelContainer, row: modelRow },
  environments: {
    whole: environmentView,
    container: ({ name, version }) => ({ name, "latest version": version }),
    row: ({ name, version }) => ({ name, version }),
  },
};

function modelView(model: ModelAsset): JsonObject {
  return {
    ...commonView("models", model),
    path: model.path,
    stage: model.stage ?? undefined,
    type: model.type,
  };
}

function modelContainer(model: ModelAsset): JsonObject {
  const { name, tags, stage, properties, description, version } = model;
  const id = resourceIds.asset("models", name, version).replace(/\/versions\/.*$/, "");
  const context = creationContext(model);
  return {
    name,
    tags,
    stage,
    id,
    properties,
    description,
    creation_context: context,
    "latest version": version,
  };
}

function modelRow(model: ModelAsset): JsonObject {
  const { name, tags, stage, properties, description, version, type, path } = model;
  return {
    name,
    tags,
    stage,
    id: `azureml:${resourceIds.asset("models", name, version)}`,
    properties,
    description,
    creation_context: creationContext(model),
    version,
    "model type": type,
    path,
  };
}

function environmentView(environment: EnvironmentAsset): JsonObject {
  const { image, build, conda, inference_config, os_type } = environment;
  return {
    ...commonView("environments", environment),
    image: image ?? undefined,
    build: build ?? undefined,
    conda_file: conda === null ? undefined : toJson(conda),
    inference_config: inference_config ?? undefined,
    os_type,
  };
}

function commonView(kind: NamedKind, asset: ModelAsset | EnvironmentAsset): JsonObject {
  const { name, version, description, tags, properties } = asset;
  return {
    id: `azureml:${resourceIds.asset(kind, name, version)}`,
    name,
    version,
    description: description ?? undefined,
    tags,
    properties,
    creation_context: creationContext(asset),
  };
}
