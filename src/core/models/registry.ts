import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelVersion } from "./model-version.ts";
import { defaultVersion, type VersionPolicy } from "./version-order.ts";

interface NamedModel {
  readonly versions: Map<string | null, ModelVersion>;
  /** The one that answers when no version is named. */
  preferred: ModelVersion;
}

/** Which versions a name stands for. */
export class ModelRegistry {
  readonly #policy: VersionPolicy;
  readonly #models = new Map<string, NamedModel>();

  constructor(policy: VersionPolicy) {
    this.#policy = policy;
  }

  /** Every version of every name, in the order they were put in. */
  *versions(): Generator<ModelVersion> {
    for (const { versions } of this.#models.values()) yield* versions.values();
  }

  versionsOf(name: string): readonly ModelVersion[] {
    return [...(this.#models.get(name)?.versions.values() ?? [])];
  }

  isPreferred(version: ModelVersion): boolean {
    return this.#models.get(version.spec.name)?.preferred === version;
  }

  /** Puts a version in, in the place of an older object of the same name and version; returns that one. */
  put(version: ModelVersion): ModelVersion | undefined {
    const { name, version: versionName } = version.spec;
    const model = this.#models.get(name);
    if (model === undefined) {
      this.#models.set(name, { versions: new Map([[versionName, version]]), preferred: version });
      return undefined;
    }
    const before = model.versions.get(versionName);
    model.versions.set(versionName, version);
    this.#choose(model);
    return before;
  }

  remove(version: ModelVersion): void {
    const model = this.#models.get(version.spec.name);
    if (model?.versions.get(version.spec.version) !== version) return;
    model.versions.delete(version.spec.version);
    if (model.versions.size === 0) this.#models.delete(version.spec.name);
    else this.#choose(model);
  }

  /** The version that answers, or MODEL_NOT_FOUND. Texts are MLServer's. */
  resolve(name: string, version: string | null): ModelVersion {
    const model = this.#models.get(name);
    if (version === null || version === "") {
      if (model !== undefined) return model.preferred;
      throw new ServingError("MODEL_NOT_FOUND", `Model ${name} not found`, { model: name });
    }
    const found = model?.versions.get(version);
    if (found !== undefined) return found;
    const message = `Model ${name} with version ${version} not found`;
    throw new ServingError("MODEL_NOT_FOUND", message, { model: name, version });
  }

  #choose(model: NamedModel): void {
    const names = [...model.versions.keys()];
    const preferred = model.versions.get(defaultVersion(names, this.#policy) ?? null);
    if (preferred !== undefined) model.preferred = preferred;
  }
}
