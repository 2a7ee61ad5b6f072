import { randomUUID } from "node:crypto";
import { z } from "zod";
import {
  type AssetKind,
  type Assets,
  codeSpecSchema,
  environmentSpecSchema,
  modelSpecSchema,
} from "../../contracts/control/assets.ts";
import {
  type AssetName,
  assetNameSchema,
  type AssetVersion,
  assetVersionSchema,
} from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ListOptions } from "../../core/ports/asset-operations.ts";
import {
  type AssetBody,
  codeUriOf,
  commonSpec,
  condaOf,
  decodeAsset,
  encodeAsset,
  encodeContainer,
  modelUriOf,
  patchOf,
} from "./asset-resource.ts";
import type { ArmCall, ArmReply } from "./context.ts";
import { assetId, withoutPrefix, workspaceId } from "./ids.ts";
import { textMapSchema, validated } from "./json.ts";
import { systemData } from "./resource.ts";
import { containerUrl, localPathOf } from "./storage.ts";

export async function listContainers(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const options = listOptions(call);
  const newest = await call.context.assets.list(kind, options);
  const value = await Promise.all(
    newest.map(async ({ name }) =>
      encodeContainer(call, kind, await call.context.assets.versions(kind, name, options)),
    ),
  );
  return { status: 200, body: { value: limited(call, value) } };
}

export async function getContainer(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  return { status: 200, body: encodeContainer(call, kind, await versionsOf(call, kind)) };
}

const containerSchema = z.object({ properties: z.object({ isArchived: z.boolean().nullish() }) });

/** A container is its versions: to archive it is to archive them all. */
export async function putContainer(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const { properties } = validated(containerSchema, await call.body());
  const isArchived = properties.isArchived ?? false;
  for (const { name, version } of await versionsOf(call, kind)) {
    await call.context.assets.update(kind, name, version, { is_archived: isArchived });
  }
  return getContainer(call);
}

/** Also archived ones: whoever asks for a name gets what is known of it. */
async function versionsOf<K extends AssetKind>(call: ArmCall, kind: K): Promise<readonly Assets[K][]> {
  const name = nameOf(call);
  const versions = await call.context.assets.versions(kind, name, { archived: "with" });
  if (versions.length > 0) return versions;
  throw new ServingError("ASSET_NOT_FOUND", `There are no ${kind} named ${name}.`);
}

export async function listVersions(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const versions = await call.context.assets.versions(kind, nameOf(call), listOptions(call));
  const hash = call.query.get("hash");
  // Clients ask whether the same code is here already.
  const fitting =
    hash === null ? versions : versions.filter(({ properties }) => properties["hash_sha256"] === hash);
  return {
    status: 200,
    body: { value: limited(call, fitting).map((asset) => encodeAsset(call, kind, asset)) },
  };
}

export async function getVersion(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const asset = await call.context.assets.get(kind, nameOf(call), versionOf(call));
  return { status: 200, body: encodeAsset(call, kind, asset) };
}

/** Registers, or changes what may be changed; other content under the same version is refused. */
export async function putVersion(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const [name, version] = [nameOf(call), versionOf(call)];
  const body = decodeAsset(await call.body());
  const existing = await find(call, kind, name, version);
  if (existing === null || !isSameContent(call, existing, body))
    await createAs[kind](call, commonSpec(name, version, body), body);
  const asset =
    existing === null && body.isArchived !== true
      ? await call.context.assets.get(kind, name, version)
      : await call.context.assets.update(kind, name, version, patchOf(body));
  return { status: existing === null ? 201 : 200, body: encodeAsset(call, kind, asset) };
}

/** Whether a client sends back the address that it got. */
function isSameContent(call: ArmCall, asset: Assets[AssetKind], body: AssetBody): boolean {
  if ("type" in asset) return body.modelUri === modelUriOf(call, asset);
  return !("image" in asset) && body.codeUri === codeUriOf(call, asset);
}

const createAs: Readonly<
  Record<AssetKind, (call: ArmCall, common: object, body: AssetBody) => Promise<unknown>>
> = {
  models: async ({ context }, common, body) => {
    const path = await localPathOf(context, body.modelUri ?? "", "properties.modelUri");
    const spec = { ...common, type: body.modelType, stage: body.stage ?? null, path };
    return context.assets.create("models", validated(modelSpecSchema, spec));
  },
  codes: async ({ context }, common, body) => {
    const path = await localPathOf(context, body.codeUri ?? "", "properties.codeUri");
    return context.assets.create("codes", validated(codeSpecSchema, { ...common, path }));
  },
  environments: async ({ context }, common, body) => {
    const { build, inferenceConfig: inference } = body;
    const context_ = build?.contextUri;
    const path =
      context_ === undefined ? null : await localPathOf(context, context_, "properties.build.contextUri");
    const spec = {
      ...common,
      image: body.image ?? null,
      conda: condaOf(body.condaFile),
      build: path === null ? null : { path, dockerfile_path: build?.dockerfilePath ?? undefined },
      os_type: body.osType,
      inference_config:
        inference === null || inference === undefined
          ? null
          : {
              liveness_route: inference.livenessRoute,
              readiness_route: inference.readinessRoute,
              scoring_route: inference.scoringRoute,
            },
    };
    return context.assets.create("environments", validated(environmentSpecSchema, spec));
  },
};

export async function deleteVersion(call: ArmCall): Promise<ArmReply> {
  const kind = kindOf(call);
  const [name, version] = [nameOf(call), versionOf(call)];
  if ((await find(call, kind, name, version)) === null) return { status: 204, body: null };
  await call.context.assets.delete(kind, name, version);
  return { status: 200, body: null };
}

/** A container of its own for one upload, and the right to write to it. */
export function startUpload(call: ArmCall): Promise<ArmReply> {
  const id = randomUUID();
  const url = containerUrl(call.origin, `upload-${id}`);
  const body = {
    pendingUploadId: id,
    pendingUploadType: "TemporaryBlobReference",
    blobReferenceForConsumption: {
      blobUri: url,
      storageAccountArmId: `${workspaceId(call.scope)}/storageAccount`,
      credential: { credentialType: "SAS", sasUri: `${url}?${call.accessSignature}` },
    },
  };
  return Promise.resolve({ status: 200, body });
}

const dataSchema = z.object({
  properties: z.looseObject({
    description: z.string().nullish(),
    tags: textMapSchema,
    properties: textMapSchema,
  }),
});

/** Where collected data would go. It is not kept: deployments only need an id, and their collector says the rest. */
export async function putData(call: ArmCall): Promise<ArmReply> {
  const { properties } = validated(dataSchema, await call.body());
  const id = assetId(call.scope, "data", nameOf(call), versionOf(call));
  const at = new Date().toISOString();
  return { status: 200, body: { id, name: versionOf(call), properties, systemData: systemData(at, at) } };
}

function kindOf({ route }: ArmCall): AssetKind {
  if (route.kind === undefined) throw new ServingError("INTERNAL", `${route.path} is about no asset.`);
  return route.kind;
}

function nameOf(call: ArmCall): AssetName {
  const name = assetNameSchema.safeParse(withoutPrefix(call.param("name")));
  if (name.success) return name.data;
  throw ServingError.invalidField(
    "name",
    "letters, digits, dots, hyphens and underscores",
    call.param("name"),
  );
}

function versionOf(call: ArmCall): AssetVersion {
  const version = assetVersionSchema.safeParse(call.param("version"));
  if (version.success) return version.data;
  throw ServingError.invalidField(
    "version",
    "letters, digits, dots, hyphens and underscores",
    call.param("version"),
  );
}

const listViews = { activeonly: "without", archivedonly: "only", all: "with" } as const;

function listOptions(call: ArmCall): ListOptions {
  const view = call.query.get("listViewType")?.toLowerCase() ?? "";
  const archived = Object.entries(listViews).find(([name]) => name === view)?.[1];
  return { archived: archived ?? "without" };
}

/** `$top` is all that clients page with: everything comes at once. */
function limited<Item>(call: ArmCall, items: readonly Item[]): readonly Item[] {
  const top = Number(call.query.get("$top") ?? "");
  return top > 0 ? items.slice(0, top) : items;
}

async function find<K extends AssetKind>(
  call: ArmCall,
  kind: K,
  name: AssetName,
  version: AssetVersion,
): Promise<Assets[K] | null> {
  try {
    return await call.context.assets.get(kind, name, version);
  } catch (error) {
    if (ServingError.from(error).code === "ASSET_NOT_FOUND") return null;
    throw error;
  }
}
