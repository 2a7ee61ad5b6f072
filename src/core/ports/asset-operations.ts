import type { AssetKind, AssetPatch, Assets, AssetSpecs } from "../../contracts/control/assets.ts";
import type { AssetName, AssetVersion } from "../../contracts/control/names.ts";

/** Models, environments and code, as the control plane offers them. All reject with a ServingError. */
export interface AssetOperations {
  /** The newest version of each name; anonymous ones left out. */
  list<K extends AssetKind>(kind: K, options: ListOptions): Promise<readonly Assets[K][]>;
  /** Newest first. */
  versions<K extends AssetKind>(
    kind: K,
    name: AssetName,
    options: ListOptions,
  ): Promise<readonly Assets[K][]>;
  /** ASSET_NOT_FOUND. "latest" is the newest that is not archived. */
  get<K extends AssetKind>(kind: K, name: AssetName, version: AssetVersion | "latest"): Promise<Assets[K]>;
  /**
   * Copies what `path` names and registers it. The same content under the same name and version is the same asset; other
   * content is ALREADY_EXISTS. Without a version, content equal to the newest version's gives that one back for code and
   * anonymous assets, and a new version otherwise.
   */
  create<K extends AssetKind>(kind: K, spec: AssetSpecs[K]): Promise<Assets[K]>;
  update<K extends AssetKind>(
    kind: K,
    name: AssetName,
    version: AssetVersion,
    patch: AssetPatch,
  ): Promise<Assets[K]>;
  /** Refused with CONFLICT while a deployment uses it. */
  delete(kind: AssetKind, name: AssetName, version: AssetVersion): Promise<void>;
}

export interface ListOptions {
  readonly archived: "without" | "with" | "only";
}
