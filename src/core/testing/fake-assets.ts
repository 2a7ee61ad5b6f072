import {
  type AssetKind,
  type AssetPatch,
  type Assets,
  type AssetSpecs,
  codeAssetSchema,
  environmentAssetSchema,
  modelAssetSchema,
} from "../../contracts/control/assets.ts";
import { type AssetName, type AssetVersion, assetVersionSchema } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { AssetOperations, ListOptions } from "../ports/asset-operations.ts";

type Shelf<K extends AssetKind> = Assets[K][];

/** Assets in memory. Paths are kept as they are given, and content is equal where all fields are. */
export class FakeAssets implements AssetOperations {
  readonly #shelves: { readonly [K in AssetKind]: Shelf<K> } = { models: [], environments: [], codes: [] };

  async list<K extends AssetKind>(kind: K, options: ListOptions): Promise<readonly Assets[K][]> {
    const seen = new Set<string>();
    const newest = this.#visible(kind, options).filter(({ name, is_anonymous: isAnonymous }) => {
      const isNew = !seen.has(name) && !isAnonymous;
      seen.add(name);
      return isNew;
    });
    return Promise.resolve(newest);
  }

  async versions<K extends AssetKind>(
    kind: K,
    name: AssetName,
    options: ListOptions,
  ): Promise<readonly Assets[K][]> {
    return Promise.resolve(this.#visible(kind, options).filter((asset) => asset.name === name));
  }

  async get<K extends AssetKind>(
    kind: K,
    name: AssetName,
    version: AssetVersion | "latest",
  ): Promise<Assets[K]> {
    const all = this.#visible(kind, { archived: version === "latest" ? "without" : "with" });
    const found = all.find(
      (asset) => asset.name === name && (version === "latest" || asset.version === version),
    );
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(new ServingError("ASSET_NOT_FOUND", `There is no ${kind} ${name}:${version}.`));
  }

  async create<K extends AssetKind>(kind: K, spec: AssetSpecs[K]): Promise<Assets[K]> {
    const shelf: Shelf<K> = this.#shelves[kind];
    const version = spec.version ?? assetVersionSchema.parse(String(shelf.length + 1));
    const existing = shelf.find((asset) => asset.name === spec.name && asset.version === version);
    if (existing !== undefined) {
      if (contentOf(existing) === contentOf(spec)) return Promise.resolve(existing);
      const message = `${kind} ${spec.name}:${version} is there with other content.`;
      return Promise.reject(new ServingError("ALREADY_EXISTS", message));
    }
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, shelf.length)).toISOString();
    const record = { ...spec, version, is_archived: false, created_at: at, modified_at: at };
    const asset = parsers[kind](record);
    shelf.unshift(asset);
    return Promise.resolve(asset);
  }

  async update<K extends AssetKind>(
    kind: K,
    name: AssetName,
    version: AssetVersion,
    patch: AssetPatch,
  ): Promise<Assets[K]> {
    const asset = await this.get(kind, name, version);
    const updated = parsers[kind]({ ...asset, ...patch });
    const shelf: Shelf<K> = this.#shelves[kind];
    shelf[shelf.indexOf(asset)] = updated;
    return updated;
  }

  async delete(kind: AssetKind, name: AssetName, version: AssetVersion): Promise<void> {
    await this.get(kind, name, version);
    const index = this.#shelves[kind].findIndex((asset) => asset.name === name && asset.version === version);
    this.#shelves[kind].splice(index, 1);
  }

  #visible<K extends AssetKind>(kind: K, { archived }: ListOptions): readonly Assets[K][] {
    const shelf: Shelf<K> = this.#shelves[kind];
    return shelf.filter(
      ({ is_archived: isArchived }) => archived === "with" || isArchived === (archived === "only"),
    );
  }
}

const parsers: { readonly [K in AssetKind]: (record: object) => Assets[K] } = {
  models: (record) => modelAssetSchema.parse(record),
  environments: (record) => environmentAssetSchema.parse(record),
  codes: (record) => codeAssetSchema.parse(record),
};

function contentOf(spec: AssetSpecs[AssetKind]): string {
  if ("path" in spec) return spec.path;
  return JSON.stringify([spec.image, spec.build, spec.conda, spec.inference_config]);
}
