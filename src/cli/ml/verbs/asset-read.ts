import type { ControlClient } from "../../control/client.ts";
import type { JsonObject } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { assetViews, type NamedKind } from "../views/asset-view.ts";
import { versionOf, type Which } from "./asset-version.ts";
import { orNotFound } from "./refusals.ts";

export async function showAsset(kind: NamedKind, which: Which, { client }: Session): Promise<JsonObject> {
  const version = versionOf(which);
  // One branch a kind: a table of views cannot be called with an asset whose kind is not known yet.
  return await orNotFound(
    kind === "models"
      ? client.getAsset("models", which.name, version).then(assetViews.models.whole)
      : client.getAsset("environments", which.name, version).then(assetViews.environments.whole),
    "ASSET_NOT_FOUND",
  );
}

interface ListValues {
  readonly name: string | undefined;
  readonly stage: string | undefined;
  readonly maxResults: number | undefined;
  readonly includeArchived: boolean;
  readonly archivedOnly: boolean;
}

/** The newest version of each, or with a name all of its versions. */
export async function listAssets(
  kind: NamedKind,
  values: ListValues,
  { client }: Session,
): Promise<readonly JsonObject[]> {
  const rows = kind === "models" ? await modelRows(values, client) : await environmentRows(values, client);
  return rows.slice(0, values.maxResults);
}

async function modelRows(values: ListValues, client: ControlClient): Promise<readonly JsonObject[]> {
  const { name, stage } = values;
  const { row, container } = assetViews.models;
  const archived = archivedOf(values);
  const models = await (name === undefined
    ? client.listAssets("models", archived)
    : client.listVersions("models", name, archived));
  return models
    .filter((model) => stage === undefined || model.stage === stage)
    .map(name === undefined ? container : row);
}

async function environmentRows(values: ListValues, client: ControlClient): Promise<readonly JsonObject[]> {
  const { row, container } = assetViews.environments;
  const archived = archivedOf(values);
  return values.name === undefined
    ? (await client.listAssets("environments", archived)).map(container)
    : (await client.listVersions("environments", values.name, archived)).map(row);
}

function archivedOf({ includeArchived, archivedOnly }: ListValues): "without" | "with" | "only" {
  if (archivedOnly) return "only";
  return includeArchived ? "with" : "without";
}
