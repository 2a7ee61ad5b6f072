import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelPage } from "./hosted-model-spec.ts";
import type { HostedModel } from "./hosted-model.ts";
import { noSuchModel } from "./refusals.ts";

interface Versions {
  readonly models: Map<string, HostedModel>;
  defaultVersion: string;
}

/** The models by name and version. */
export class ModelTable {
  readonly #hasVersions: boolean;
  readonly #names = new Map<string, Versions>();

  constructor(hasVersions: boolean) {
    this.#hasVersions = hasVersions;
  }

  /** Where there is one version only, its name takes the place of all. */
  keyOf({ name, version }: { readonly name: string; readonly version: string | null }): string {
    return this.#hasVersions ? `${name}\n${version ?? ""}` : name;
  }

  *all(): Generator<HostedModel> {
    for (const { models } of this.#names.values()) yield* models.values();
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @throws ServingError ALREADY_EXISTS */
  add(model: HostedModel): void {
    const { name } = model.spec;
    const version = this.#versionKey(model);
    const versions = this.#names.get(name);
    if (versions === undefined) {
      this.#names.set(name, { models: new Map([[version, model]]), defaultVersion: version });
      return;
    }
    if (versions.models.has(version)) throw this.#alreadyRegistered(model);
    versions.models.set(version, model);
  }

  /** Whether it was there. */
  remove(model: HostedModel): boolean {
    const versions = this.#names.get(model.spec.name);
    const version = this.#versionKey(model);
    if (versions?.models.get(version) !== model) return false;
    versions.models.delete(version);
    const [next] = versions.models.keys();
    if (next === undefined) this.#names.delete(model.spec.name);
    else if (versions.defaultVersion === version) versions.defaultVersion = next;
    return true;
  }

  find(name: string, version: string | null): HostedModel | undefined {
    const versions = this.#names.get(name);
    return versions?.models.get(this.#hasVersions ? (version ?? versions.defaultVersion) : "");
  }

  /** @throws ServingError MODEL_NOT_FOUND */
  require(name: string, version: string | null): HostedModel {
    const model = this.find(name, version);
    if (model === undefined) throw this.notFound(name, version);
    return model;
  }

  /** All versions of a name, in the order they came; none where there is no such name. */
  versionsOf(name: string): readonly HostedModel[] {
    return [...(this.#names.get(name)?.models.values() ?? [])];
  }

  isDefault(model: HostedModel): boolean {
    return this.#names.get(model.spec.name)?.defaultVersion === this.#versionKey(model);
  }

  setDefault(name: string, version: string): void {
    this.require(name, version);
    const versions = this.#names.get(name);
    if (versions !== undefined && this.#hasVersions) versions.defaultVersion = version;
  }

  notFound(name: string, version: string | null): ServingError {
    if (version !== null && this.#hasVersions && this.has(name)) {
      const message = `Model version: ${version} does not exist for model: ${name}`;
      return new ServingError("MODEL_NOT_FOUND", message, { model: name, version });
    }
    return noSuchModel(name);
  }

  /** One page of the names in their order, each with its default version. */
  page({ limit, token }: { readonly limit: number; readonly token: number }): ModelPage {
    const names = [...this.#names.keys()].sort(byCodeUnits);
    const models = names.slice(token, token + limit).flatMap((name) => {
      const model = this.find(name, null);
      return model === undefined ? [] : [model.summary(true)];
    });
    const next = token + limit;
    // As MMS has it: a page that is exactly full promises another, which may be empty.
    return { models, nextToken: next <= names.length ? next : null };
  }

  #alreadyRegistered({ spec: { name, version } }: HostedModel): ServingError {
    const message =
      this.#hasVersions && version !== null
        ? `Model version ${version} is already registered for model ${name}`
        : `Model ${name} is already registered.`;
    return new ServingError("ALREADY_EXISTS", message, {
      model: name,
      ...(version === null ? {} : { version }),
    });
  }

  #versionKey({ spec }: HostedModel): string {
    return this.#hasVersions ? (spec.version ?? "") : "";
  }
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
