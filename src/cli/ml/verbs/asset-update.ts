import { type AssetPatch, assetPatchSchema } from "../../../contracts/control/assets.ts";
import type { ControlClient } from "../../control/client.ts";
import { checked } from "../documents/checked.ts";
import { applyEdits, type Edits } from "../edits/generic-update.ts";
import { MlError } from "../ml-error.ts";
import { type JsonObject, withSortedKeys } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { assetViews, type NamedKind } from "../views/asset-view.ts";
import { versionOf, type Which } from "./asset-version.ts";

interface UpdateValues extends Edits, Omit<Which, "name"> {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly stage: string | undefined;
}

/** What may change of something that is registered. */
const changeable = ["description", "tags", "properties", "stage"];

export async function updateAsset(
  kind: NamedKind,
  values: UpdateValues,
  { client }: Session,
): Promise<JsonObject> {
  const { name, description, stage } = values;
  if (name === undefined) throw MlError.usage("the following arguments are required: --name/-n");
  const version = versionOf({ ...values, name });
  const { view: present, version: atVersion } = await viewOf(kind, name, version, client);
  const changed = {
    ...applyEdits(present, values),
    ...(description === undefined ? {} : { description }),
    ...(stage === undefined ? {} : { stage }),
  };
  const patch = patchOf(present, changed);
  return kind === "models"
    ? assetViews.models.whole(await client.patchAsset("models", name, atVersion, patch))
    : assetViews.environments.whole(await client.patchAsset("environments", name, atVersion, patch));
}

interface ArchiveValues extends Which {
  readonly isArchived: boolean;
}

/** One version, or without one all of them. */
export async function archiveAsset(
  kind: NamedKind,
  { isArchived, ...which }: ArchiveValues,
  { client }: Session,
): Promise<void> {
  const isOne = which.version !== undefined || which.label !== undefined;
  const versions = isOne
    ? [await resolved(kind, which, client)]
    : (await client.listVersions(kind, which.name, "with")).map(({ version }) => version);
  for (const version of versions) {
    await client.patchAsset(kind, which.name, version, { is_archived: isArchived });
  }
}

async function resolved(kind: NamedKind, which: Which, client: ControlClient): Promise<string> {
  return (await client.getAsset(kind, which.name, versionOf(which))).version;
}

interface Present {
  readonly view: JsonObject;
  readonly version: string;
}

async function viewOf(
  kind: NamedKind,
  name: string,
  version: string,
  client: ControlClient,
): Promise<Present> {
  if (kind === "models") {
    const model = await client.getAsset("models", name, version);
    return { view: assetViews.models.whole(model), version: model.version };
  }
  const environment = await client.getAsset("environments", name, version);
  return { view: assetViews.environments.whole(environment), version: environment.version };
}

/** Only what differs, so that two changes of different things do not undo each other. */
function patchOf(present: JsonObject, changed: JsonObject): AssetPatch {
  const keys = [...new Set([...Object.keys(present), ...Object.keys(changed)])];
  const different = keys.filter((key) => textOf(present[key]) !== textOf(changed[key]));
  const fixed = different.filter((key) => !changeable.includes(key));
  if (fixed.length > 0) {
    throw new MlError(`What is registered does not change: ${fixed.join(", ")}.`, {
      hint: `Register a new version. Only ${changeable.join(", ")} can change.`,
    });
  }
  const input = Object.fromEntries(different.map((key) => [key, changed[key] ?? emptyOf(key)]));
  return checked(assetPatchSchema, input, "asset");
}

function emptyOf(key: string): JsonObject | null {
  return key === "tags" || key === "properties" ? {} : null;
}

function textOf(value: JsonObject[string]): string {
  return JSON.stringify(withSortedKeys(value ?? null));
}
