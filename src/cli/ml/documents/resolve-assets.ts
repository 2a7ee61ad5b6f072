import type { AzureReference, VersionChoice } from "../../../contracts/azureml/references.ts";
import {
  type AssetKind,
  type AssetReference,
  environmentSpecSchema,
  modelSpecSchema,
} from "../../../contracts/control/assets.ts";
import { ServingError } from "../../../contracts/serving-error.ts";
import {
  type CodeSource,
  type EnvironmentSource,
  environmentSpec,
  type ModelSource,
  modelSpec,
} from "../../../repositories/azureml/index.ts";
import type { ControlClient } from "../../control/client.ts";
import { checked } from "./checked.ts";

/**
 * Registers what a deployment brings along and looks up what it names, so that the deployment can name versions.
 * What has no name of its own is named after `owner`, which is as `my-endpoint-blue`.
 */
export class AssetResolver {
  readonly #client: ControlClient;
  readonly #owner: string;

  constructor(client: ControlClient, owner: string) {
    this.#client = client;
    this.#owner = owner;
  }

  async model(source: ModelSource): Promise<AssetReference> {
    if (source.kind === "reference") return await this.#registered("models", source.reference);
    const spec = checked(modelSpecSchema, modelSpec(source.model, this.#owner), "model");
    return await this.#client.createAsset("models", { ...spec, path: localPath(spec.path) });
  }

  async code(source: CodeSource): Promise<AssetReference> {
    if (source.kind === "reference") return await this.#registered("codes", source.reference);
    return await this.#client.createAsset("codes", {
      ...anonymous,
      name: checked(modelSpecSchema.shape.name, this.#owner, "code"),
      path: source.path,
    });
  }

  /** As in Azure, an environment that has no version belongs to its deployment alone, whatever it is called. */
  async environment(source: EnvironmentSource): Promise<AssetReference> {
    if (source.kind === "reference") return await this.#environment(source.reference);
    const { environment } = source;
    const { name, ...unnamed } = environment;
    const input = environmentSpec(
      environment.version === undefined ? unnamed : { ...unnamed, name },
      this.#owner,
    );
    return await this.#client.createAsset(
      "environments",
      checked(environmentSpecSchema, input, "environment"),
    );
  }

  async #environment(reference: AzureReference): Promise<AssetReference> {
    const curated = curatedImage(reference);
    if (curated === undefined) return await this.#registered("environments", reference);
    // Microsoft's own environments are images: the control plane knows what stands for them on this machine.
    const input = {
      name: this.#owner,
      image: curated,
      is_anonymous: true,
      properties: { curated: reference.name },
    };
    return await this.#client.createAsset(
      "environments",
      checked(environmentSpecSchema, input, "environment"),
    );
  }

  async #registered(kind: AssetKind, reference: AzureReference): Promise<AssetReference> {
    if (reference.scope === "registry") throw fromElsewhere(kind, reference.registry, reference.name);
    const { name, version } = await this.#client.getAsset(kind, reference.name, versionOf(reference.at));
    return { name, version };
  }
}

const anonymous = {
  version: null,
  description: null,
  tags: {},
  properties: {},
  is_anonymous: true,
};

/** `latest` is the only label there is. */
function versionOf(at: VersionChoice): string {
  switch (at.kind) {
    case "version":
      return at.version;
    case "default":
      return "latest";
    case "label":
      if (at.label === "latest") return "latest";
      throw new ServingError("ASSET_NOT_FOUND", `There is no label ${JSON.stringify(at.label)}.`, {
        hint: "Name a version, or @latest.",
      });
  }
}

const imagesOfAzure = "mcr.microsoft.com/azureml/curated";

/** The image of one of Microsoft's environments: from its registry, or under the names that older examples use. */
function curatedImage({ scope, name, at, ...where }: AzureReference): string | undefined {
  const tag = at.kind === "version" ? at.version : "latest";
  if (scope === "registry") {
    const isOfAzure = "registry" in where && /^azureml(-staging)?$/.test(where.registry);
    return isOfAzure ? `${imagesOfAzure}/${name}:${tag}` : undefined;
  }
  const [, rest] = /^AzureML-(.+)$/i.exec(name) ?? [];
  return rest === undefined ? undefined : `${imagesOfAzure}/${rest.toLowerCase()}:${tag}`;
}

function fromElsewhere(kind: AssetKind, registry: string, name: string): ServingError {
  return new ServingError(
    "ASSET_NOT_FOUND",
    `The registry ${registry} is not on this machine (${kind}/${name}).`,
    {
      hint: "Download it and register it here, with hostler ml model create or hostler ml environment create.",
    },
  );
}

/** Nothing is fetched: what is named has to be here. */
function localPath(path: string): string {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
  throw new ServingError("INVALID_DOCUMENT", `model.path: ${JSON.stringify(path)} is not on this machine.`, {
    hint: "Download it and name the file or folder.",
  });
}
