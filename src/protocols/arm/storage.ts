import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { AssetKind, Assets } from "../../contracts/control/assets.ts";
import { assetKindSchema } from "../../contracts/control/routes.ts";
import { assetNameSchema, assetVersionSchema } from "../../contracts/control/names.ts";
import { workspace } from "../../contracts/control/workspace.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { AssetOperations } from "../../core/ports/asset-operations.ts";
import { blobPath } from "./blob/blob-store.ts";

/** How clients reach files here: names, addresses, and the way back from an address to a file. */

export const datastoreName = "workspaceblobstore";
/** The container of that datastore. */
export const containerName = "azureml-blobstore";
/** Below it everything that is registered can be read. */
const assetsPrefix = "assets";

/**
 * The storage account as azure-ai-ml has to know it. It asks for `https://<account>.blob.<cloud>/<container>`, and takes
 * whatever stands for the account: with an address and a path in its place, `.blob.<cloud>` becomes the end of that
 * path, and no name has to resolve but this server's.
 */
export function accountName(origin: string): string {
  return `${new URL(origin).host}/${workspace.storageAccount}`;
}

/** As a client builds it from the account's name. */
export function containerUrl(origin: string, container: string): string {
  return `${origin}/${workspace.storageAccount}.blob.core.windows.net/${container}`;
}

/** Where a file is, in the words of a storage service. */
export interface BlobPlace {
  readonly container: string;
  /** Empty for the container itself. */
  readonly key: string;
}

const accountPart = new RegExp(`^(?:${workspace.storageAccount}|[^./]+\\.blob\\.[^/]+)$`, "i");
const accountHost = /^[^.]+\.blob\./i;

/** Takes the path of a blob's address apart, with the account in the path or in the host's name. */
export function placeInPath(host: string, path: string): BlobPlace | null {
  const parts = path.replace(/^\/+/, "").split("/");
  const isAccountInPath = accountPart.test(parts[0] ?? "");
  if (!isAccountInPath && !accountHost.test(host)) return null;
  return placeBelow(isAccountInPath ? parts.slice(1) : parts);
}

function placeBelow([container = "", ...key]: readonly string[]): BlobPlace {
  return { container, key: key.join("/") };
}

const datastoreUri =
  /^azureml:\/\/(?:subscriptions\/.+\/workspaces\/[^/]+\/)?datastores\/[^/]+\/paths\/(.*)$/i;

function placeOf(uri: string): BlobPlace | null {
  const inDatastore = datastoreUri.exec(uri);
  if (inDatastore !== null) {
    return { container: containerName, key: (inDatastore[1] ?? "").replace(/\/+$/, "") };
  }
  if (!URL.canParse(uri)) return null;
  const { protocol, host, pathname } = new URL(uri);
  if (protocol !== "https:" && protocol !== "http:") return null;
  // With the account in the path, azure-ai-ml loses it where it joins an address with a name.
  const place = placeInPath(host, pathname) ?? placeBelow(pathname.split("/").slice(1));
  return { ...place, key: decodeURIComponent(place.key).replace(/\/+$/, "") };
}

interface Places {
  readonly assets: AssetOperations;
  readonly blobFolder: string;
}

/**
 * The file or folder on this machine that an address stands for: uploaded before, or registered already.
 *
 * @param field of the request, for the error
 * @throws ServingError INVALID_REQUEST
 */
export async function localPathOf(places: Places, uri: string, field: string): Promise<string> {
  const place = placeOf(uri);
  const path =
    place === null ? null : ((await assetPathOf(places.assets, place)) ?? uploadedPath(places, place));
  if (path !== null && (await exists(path))) return path;
  throw new ServingError("INVALID_REQUEST", `${field}: nothing has been uploaded to ${uri.slice(0, 500)}`, {
    field,
    hint: "Upload it to the datastore workspaceblobstore of this server first, as azure-ai-ml does with local paths.",
  });
}

function uploadedPath({ blobFolder }: Places, { container, key }: BlobPlace): string | null {
  return key === "" ? null : blobPath(blobFolder, container, key);
}

/** Where clients find what an asset consists of: `assets/models/NAME/VERSION/`, and in it the file or folder by its name. */
export function assetKey<K extends AssetKind>(kind: K, asset: Assets[K], path: string): string {
  return [assetsPrefix, kind, asset.name, asset.version, basename(path)].join("/");
}

/** The path of a part of a registered asset; null where the place is not among those. */
export async function assetPathOf(
  assets: AssetOperations,
  { container, key }: BlobPlace,
): Promise<string | null> {
  const folder = container === containerName ? await assetFolderOf(assets, key) : null;
  if (folder === null) return null;
  const rest = key.split("/").slice(4);
  const isPlain = rest.every((part) => part !== "" && part !== "." && part !== ".." && !part.includes("\0"));
  // The folder that holds an asset holds nothing else.
  return isPlain ? join(folder, ...rest) : null;
}

async function assetFolderOf(assets: AssetOperations, key: string): Promise<string | null> {
  const [prefix, kindText, nameText, versionText] = key.split("/");
  const kind = assetKindSchema.safeParse(kindText);
  const name = assetNameSchema.safeParse(nameText);
  const version = assetVersionSchema.safeParse(versionText);
  if (prefix !== assetsPrefix || !kind.success || !name.success || !version.success) return null;
  try {
    const path = contentOf(await assets.get(kind.data, name.data, version.data));
    return path === null ? null : dirname(path);
  } catch (error) {
    if (ServingError.from(error).code === "ASSET_NOT_FOUND") return null;
    throw error;
  }
}

/** The files of an asset; null for an environment without a build context. */
function contentOf(asset: Assets[AssetKind]): string | null {
  return "path" in asset ? asset.path : (asset.build?.path ?? null);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
