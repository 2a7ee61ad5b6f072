import { createHash } from "node:crypto";
import { join } from "node:path";
import type { AssetKind, Assets, AssetSpecs } from "../../contracts/control/assets.ts";
import type { AssetName, AssetVersion } from "../../contracts/control/names.ts";

/** What the kinds of assets differ in. */
interface KindRules<K extends AssetKind> {
  /** As messages call one. */
  readonly noun: string;
  /** What is copied; null where there is nothing. */
  readonly source: (spec: AssetSpecs[K]) => AssetSource | null;
  /** Digest of everything that may not change under a name and version. */
  readonly digest: (spec: AssetSpecs[K], contentDigest: string | null) => string;
  /** Name and version of one without a name of its own. */
  readonly anonymous: (digest: string) => { readonly name: string; readonly version: string };
  /** Whether content that is registered already is given back rather than registered anew. */
  readonly isReused: boolean;
  /** The asset, with its files in that folder. */
  readonly register: (spec: AssetSpecs[K], fields: RegisteredFields, folder: string | null) => Assets[K];
}

export interface AssetSource {
  readonly field: string;
  readonly path: string;
  readonly mustBeFolder: boolean;
}

interface RegisteredFields {
  readonly name: AssetName;
  readonly version: AssetVersion;
  readonly is_archived: boolean;
  readonly created_at: string;
  readonly modified_at: string;
}

export const kindRules: { readonly [K in AssetKind]: KindRules<K> } = {
  models: {
    noun: "model",
    source: ({ path }) => ({ field: "path", path, mustBeFolder: false }),
    digest: ({ type }, content) => digestOf([type, content]),
    anonymous: (digest) => ({ name: digest, version: "1" }),
    isReused: false,
    register: (spec, fields, folder) => ({ ...spec, ...fields, path: copyOf(spec.path, folder) }),
  },
  environments: {
    noun: "environment",
    source: ({ build }) =>
      build === null ? null : { field: "build.path", path: build.path, mustBeFolder: true },
    digest: ({ image, conda, inference_config, os_type, build }, content) =>
      digestOf([image, conda, inference_config, os_type, build?.dockerfile_path ?? null, content]),
    anonymous: (digest) => ({ name: "CliV2AnonymousEnvironment", version: digest }),
    isReused: false,
    register: (spec, fields, folder) => ({
      ...spec,
      ...fields,
      build: spec.build === null ? null : { ...spec.build, path: copyOf(spec.build.path, folder) },
    }),
  },
  codes: {
    noun: "code",
    source: ({ path }) => ({ field: "path", path, mustBeFolder: true }),
    digest: (_spec, content) => digestOf([content]),
    anonymous: (digest) => ({ name: digest, version: "1" }),
    isReused: true,
    register: (spec, fields, folder) => ({ ...spec, ...fields, path: copyOf(spec.path, folder) }),
  },
};

/** Where the copy of what lies at `path` is: under the same last name. */
function copyOf(path: string, folder: string | null): string {
  return folder === null ? path : join(folder, path.split("/").findLast((part) => part !== "") ?? "");
}

function digestOf(parts: readonly unknown[]): string {
  return createHash("sha256")
    .update(JSON.stringify(parts.map(sorted)))
    .digest("hex");
}

/** The same value with the keys of every map in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
