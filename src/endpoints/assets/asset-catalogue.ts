import { isAbsolute, join, resolve, sep } from "node:path";
import {
  type AssetKind,
  assetKinds,
  type AssetPatch,
  type Assets,
  type AssetSpecs,
} from "../../contracts/control/assets.ts";
import {
  type AssetName,
  assetNameSchema,
  type AssetVersion,
  assetVersionSchema,
} from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { AssetOperations, ListOptions } from "../../core/ports/asset-operations.ts";
import type { AssetRecord, AssetRecords, AssetTarget } from "../records.ts";
import { attempt } from "../shared/attempt.ts";
import { Mutex } from "../shared/mutex.ts";
import type { AssetFolder } from "./asset-folder.ts";
import { type AssetSource, kindRules } from "./asset-kinds.ts";
import { type Content, copyContent, digestOf, readContent } from "./content.ts";

export interface AssetCatalogueOptions {
  readonly records: AssetRecords;
  readonly folder: AssetFolder;
  /** The time, as ISO 8601 text. */
  readonly timestamp: () => string;
  /** Tells of each asset whether a revision of an endpoint, or what runs, refers to it. */
  readonly references: () => (kind: AssetKind, target: AssetTarget) => boolean;
  /** Says which deployment uses an asset, as `e/blue`; null for none. */
  readonly userOf: (kind: AssetKind, target: AssetTarget) => string | null;
}

/** A copy that is not registered yet, or nothing where the asset has no files. */
interface Staged {
  readonly digest: string;
  readonly folder: string | null;
}

/** Registers models, environments and code, and keeps copies of their files. */
export class AssetCatalogue implements AssetOperations {
  readonly #options: AssetCatalogueOptions;
  /** Versions are given out one after the other. */
  readonly #registering = new Mutex();

  constructor(options: AssetCatalogueOptions) {
    this.#options = options;
  }

  /** Removes what a crash left behind; before anything else. */
  async open(): Promise<void> {
    const { folder, records } = this.#options;
    await folder.sweep((kind, { name, version }) => records.find(kind, name, version) !== undefined);
  }

  list<K extends AssetKind>(kind: K, { archived }: ListOptions): Promise<readonly Assets[K][]> {
    const newest = new Map<string, Assets[K]>();
    for (const { asset } of this.#options.records.all(kind)) {
      if (asset.is_anonymous || !isListed(asset, archived) || newest.has(asset.name)) continue;
      newest.set(asset.name, asset);
    }
    return Promise.resolve([...newest.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  versions<K extends AssetKind>(
    kind: K,
    name: AssetName,
    { archived }: ListOptions,
  ): Promise<readonly Assets[K][]> {
    const all = this.#options.records.versions(kind, name).map(({ asset }) => asset);
    return Promise.resolve(all.filter((asset) => isListed(asset, archived)));
  }

  get<K extends AssetKind>(kind: K, name: AssetName, version: AssetVersion | "latest"): Promise<Assets[K]> {
    return attempt(() => this.resolve(kind, { name, version }).asset);
  }

  /** The asset that a version or a label stands for. @throws ServingError ASSET_NOT_FOUND */
  resolve<K extends AssetKind>(kind: K, { name, version }: AssetTarget): AssetRecord<K> {
    const { records } = this.#options;
    const found =
      version === "latest"
        ? records.versions(kind, name).find(({ asset }) => !asset.is_archived)
        : records.find(kind, name, version);
    if (found === undefined) throw this.#notFound(kind, { name, version });
    return found;
  }

  async create<K extends AssetKind>(kind: K, spec: AssetSpecs[K]): Promise<Assets[K]> {
    if (spec.version === "latest") {
      throw ServingError.invalidField("version", "a version, not the label of the newest one", "latest");
    }
    const source = kindRules[kind].source(spec);
    const content = source === null ? null : await this.#read(source);
    const known = await this.#known(kind, spec, content);
    if (known !== null) return known;
    const staged = await this.#stage(kind, spec, content);
    try {
      return await this.#registering.run(() => this.#register(kind, spec, staged));
    } finally {
      if (staged.folder !== null) await this.#options.folder.discard(staged.folder);
    }
  }

  update<K extends AssetKind>(
    kind: K,
    name: AssetName,
    version: AssetVersion,
    patch: AssetPatch,
  ): Promise<Assets[K]> {
    return attempt(() => {
      const { asset } = this.resolve(kind, { name, version });
      this.#options.records.patch(kind, asset, patch, this.#options.timestamp());
      return this.resolve(kind, asset).asset;
    });
  }

  async delete(kind: AssetKind, name: AssetName, version: AssetVersion): Promise<void> {
    const { records, folder } = this.#options;
    await this.#registering.run(async () => {
      const { asset } = this.resolve(kind, { name, version });
      // In one go with the deletion: a deployment may have come to use it while this waited for its turn.
      this.#refuseUsed(kind, asset);
      records.delete(kind, asset);
      await folder.remove(kind, asset);
    });
  }

  /** Removes anonymous assets that nobody has asked for since that time (ISO 8601) and nothing refers to; how many. */
  async collect(before: string): Promise<number> {
    const { records, folder } = this.#options;
    return this.#registering.run(async () => {
      const forgotten = this.#forgotten(before);
      // The rows first, and all in one go: files without a row are removed at the next start.
      for (const { kind, target } of forgotten) records.delete(kind, target);
      for (const { kind, target } of forgotten) await folder.remove(kind, target);
      return forgotten.length;
    });
  }

  /** @throws ServingError CONFLICT */
  #refuseUsed(kind: AssetKind, target: AssetTarget): void {
    const user = this.#options.userOf(kind, target);
    if (user === null) return;
    const label = `${kindRules[kind].noun} ${target.name}:${target.version}`;
    throw new ServingError("CONFLICT", `The ${label} is used by the deployment ${user}.`, {
      hint: "Delete that deployment first, or archive the asset, which hides it from lists.",
    });
  }

  #forgotten(before: string): readonly { readonly kind: AssetKind; readonly target: AssetTarget }[] {
    const { records, references } = this.#options;
    const old = assetKinds.flatMap((kind) =>
      records
        .all(kind)
        .filter(({ asset }) => asset.is_anonymous && asset.modified_at < before)
        .map(({ asset }) => ({ kind, target: asset })),
    );
    if (old.length === 0) return [];
    const isReferredTo = references();
    return old.filter(({ kind, target }) => !isReferredTo(kind, target));
  }

  async #read({ field, path, mustBeFolder }: AssetSource): Promise<Content> {
    if (!isAbsolute(path)) {
      throw ServingError.invalidField(field, "an absolute path on the machine of the control plane", path);
    }
    const whole = resolve(path);
    if (`${this.#options.folder.path}${sep}`.startsWith(whole === sep ? sep : whole + sep)) {
      throw ServingError.invalidField(field, "a folder that does not hold hostler's own state", path);
    }
    const content = await readContent(whole, field);
    if (mustBeFolder && !content.isFolder) throw ServingError.invalidField(field, "a folder", path);
    return content;
  }

  /** An asset that this would be again, found without a copy; null where one has to be made. */
  async #known<K extends AssetKind>(
    kind: K,
    spec: AssetSpecs[K],
    content: Content | null,
  ): Promise<Assets[K] | null> {
    const { records } = this.#options;
    const isWorthReading = spec.is_anonymous || records.versions(kind, spec.name).length > 0;
    if (!isWorthReading) return null;
    const digest = kindRules[kind].digest(spec, content === null ? null : await digestOf(content));
    return this.#same(kind, spec, digest);
  }

  async #stage<K extends AssetKind>(kind: K, spec: AssetSpecs[K], content: Content | null): Promise<Staged> {
    const { digest } = kindRules[kind];
    if (content === null) return { digest: digest(spec, null), folder: null };
    const folder = await this.#options.folder.stage();
    try {
      // Of the copy: the original may have changed meanwhile.
      const copy = await copyContent(content, folder);
      return { digest: digest(spec, await digestOf(copied(copy, content))), folder };
    } catch (error) {
      await this.#options.folder.discard(folder);
      throw error;
    }
  }

  async #register<K extends AssetKind>(
    kind: K,
    spec: AssetSpecs[K],
    { digest, folder: staged }: Staged,
  ): Promise<Assets[K]> {
    const { records, folder, timestamp } = this.#options;
    const same = this.#same(kind, spec, digest);
    if (same !== null) return same;
    const target = this.#targetOf(kind, spec, digest);
    const files = staged === null ? null : await folder.publish(staged, kind, target);
    const at = timestamp();
    const fields = { ...target, is_archived: false, created_at: at, modified_at: at };
    const asset = kindRules[kind].register(spec, fields, files);
    records.insert(kind, { asset, digest });
    return asset;
  }

  /** The registered asset with this digest, where asking again gives the same one. @throws ServingError ALREADY_EXISTS */
  #same<K extends AssetKind>(kind: K, spec: AssetSpecs[K], digest: string): Assets[K] | null {
    const { records } = this.#options;
    if (spec.version === null && !spec.is_anonymous) {
      const [newest] = records.versions(kind, spec.name);
      const isSame = newest?.digest === digest && !newest.asset.is_archived;
      return isSame && kindRules[kind].isReused ? newest.asset : null;
    }
    const target = this.#targetOf(kind, spec, digest);
    const found = records.find(kind, target.name, target.version);
    if (found === undefined) return null;
    if (found.digest === digest) return this.#described(kind, found, spec);
    const label = `${kindRules[kind].noun} ${target.name}:${target.version}`;
    throw new ServingError("ALREADY_EXISTS", `The ${label} is registered with other content.`, {
      field: "version",
      hint: "A registered version never changes: leave the version out, or choose another.",
    });
  }

  /** Tags and description may change, and do so where they are given; one without a name has been asked for again. */
  #described<K extends AssetKind>(
    kind: K,
    { asset }: AssetRecord<K>,
    { description, tags }: AssetSpecs[K],
  ): Assets[K] {
    const hasTags = Object.keys(tags).length > 0;
    const isAsBefore =
      (description === null || description === asset.description) &&
      (!hasTags || JSON.stringify(tags) === JSON.stringify(asset.tags));
    if (isAsBefore && !asset.is_anonymous) return asset;
    const patch = { ...(description === null ? {} : { description }), ...(hasTags ? { tags } : {}) };
    this.#options.records.patch(kind, asset, patch, this.#options.timestamp());
    return this.resolve(kind, asset).asset;
  }

  #targetOf<K extends AssetKind>(
    kind: K,
    { name, version, is_anonymous }: AssetSpecs[K],
    digest: string,
  ): { readonly name: AssetName; readonly version: AssetVersion } {
    if (version !== null) return { name, version };
    if (is_anonymous) {
      const made = kindRules[kind].anonymous(digest);
      return { name: assetNameSchema.parse(made.name), version: assetVersionSchema.parse(made.version) };
    }
    return { name, version: assetVersionSchema.parse(this.#nextVersion(kind, name)) };
  }

  /** One more than the newest whole number. */
  #nextVersion(kind: AssetKind, name: AssetName): string {
    const numbers = this.#options.records
      .versions(kind, name)
      .flatMap(({ asset }) => (/^\d{1,15}$/.test(asset.version) ? [Number(asset.version)] : []));
    return String(Math.max(0, ...numbers) + 1);
  }

  #notFound(kind: AssetKind, { name, version }: AssetTarget): ServingError {
    const { noun } = kindRules[kind];
    const all = this.#options.records.versions(kind, name).map(({ asset }) => asset.version);
    const hint =
      all.length === 0
        ? `No ${noun} is called ${name}.`
        : `There are the versions ${all.slice(0, 10).join(", ")} of it.`;
    return new ServingError("ASSET_NOT_FOUND", `There is no ${noun} ${name}:${version}.`, { hint });
  }
}

/** The same files, read where they have been copied to. */
function copied(copy: string, { isFolder, name, files }: Content): Content {
  return {
    name,
    isFolder,
    files: files.map((file) => ({ ...file, source: isFolder ? join(copy, file.path) : copy })),
  };
}

function isListed(
  { is_archived }: { readonly is_archived: boolean },
  archived: ListOptions["archived"],
): boolean {
  return archived === "with" || is_archived === (archived === "only");
}
