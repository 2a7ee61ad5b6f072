import { resolve } from "node:path";
import type { ServerSettings } from "../../contracts/settings.ts";
import { labelOf } from "../../core/models/model-spec.ts";
import type { ModelSource, SourceListing, SourceProblem } from "../../core/ports/model-source.ts";
import { Complaint } from "../shared/complaint.ts";
import { findFiles } from "../shared/find-files.ts";
import { mapLimited } from "../shared/map-limited.ts";
import { comparePaths, displayPath } from "../shared/paths.ts";
import type { Environment } from "./environment.ts";
import { ModelIndex } from "./model-index.ts";
import { modelNotices } from "./model-notices.ts";
import {
  type ReadContext,
  type ReadModel,
  readModel,
  readModelAgain,
  readModelFromVariables,
  type ServableModel,
} from "./read-model.ts";
import { TrustedFolders } from "./trusted-folders.ts";

export interface MlserverRepositoryOptions {
  /** The folder that is served. */
  readonly root: string;
  readonly environment: Environment;
  readonly settings: Pick<ServerSettings, "pinnedModels" | "trustedFolders" | "versionPolicy">;
}

const fileName = "model-settings.json";

/** Files that are read at once. */
const mostReads = 32;

/**
 * A folder of models as MLServer has it: each `model-settings.json` in it, at whatever depth, is one version of one
 * model. Nothing is watched: the disk is read when the repository is asked.
 */
export class MlserverRepository implements ModelSource {
  readonly #options: MlserverRepositoryOptions;
  readonly #root: string;
  readonly #pinned: ReadonlySet<string>;
  #index: ModelIndex | undefined;

  constructor(options: MlserverRepositoryOptions) {
    this.#options = options;
    this.#root = resolve(options.environment.cwd, options.root);
    this.#pinned = new Set(options.settings.pinnedModels);
  }

  async list(): Promise<SourceListing> {
    const { models, unreadable } = await this.#scan();
    const { environment, settings } = this.#options;
    const { specs, problems } = listingOf(models);
    const servable = models.filter((model) => model.kind === "servable");
    const folders = unreadable.map((folder) => displayPath(folder, environment.cwd)).join(", ");
    const notices = modelNotices(servable, settings.versionPolicy);
    return {
      specs,
      problems,
      notices:
        folders === ""
          ? notices
          : [...notices, `Folders that cannot be read, and so are not looked into: ${folders}.`],
    };
  }

  async find(name: string): Promise<SourceListing> {
    const models = (await this.#lookUp(name)) ?? (await this.#scan()).models;
    return listingOf(models.filter((model) => model.name === name));
  }

  /** Finds a name through the index; undefined where only a scan can tell. */
  async #lookUp(name: string): Promise<readonly ReadModel[] | undefined> {
    const index = this.#index;
    if (index === undefined) return undefined;
    const known = index.filesOf(name);
    const files = [...known, ...(await index.newFilesFor(name))].sort(comparePaths);
    const context = await this.#context();
    const own = await mapLimited(files, mostReads, async (file): Promise<readonly ReadModel[]> => {
      const model = await readModelAgain(file, context);
      // A file that became unreadable no longer tells its name: it still goes by the one it had.
      const isOwn = model?.name === name || (model?.kind === "broken" && known.includes(file));
      if (!isOwn) index.remove(file, name);
      if (model === undefined) return [];
      index.put(file, isOwn ? name : model.name);
      if (model.kind === "servable") index.settle(file);
      return isOwn ? [renamed(model, name)] : [];
    });
    const models = own.flat();
    return models.length === 0 ? undefined : models;
  }

  async #scan(): Promise<{ readonly models: readonly ReadModel[]; readonly unreadable: readonly string[] }> {
    const context = await this.#context();
    const { files, unreadable } = await findFiles(this.#root, fileName);
    const read = await mapLimited(files, mostReads, (file) => readModel(file, context));
    const fromVariables = files.length === 0 ? await readModelFromVariables(context) : undefined;
    const models = read.filter((model) => model !== undefined);
    this.#index = await ModelIndex.of(
      this.#root,
      fileName,
      models.map(({ file, name }) => [file, name]),
    );
    return { models: fromVariables === undefined ? models : [fromVariables], unreadable };
  }

  async #context(): Promise<ReadContext> {
    const { environment, settings } = this.#options;
    try {
      const trusted = await TrustedFolders.of([this.#root, ...settings.trustedFolders]);
      return { environment, trusted, pinned: this.#pinned };
    } catch (error) {
      const reason = `The folder of models cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      throw new Complaint({ where: displayPath(this.#root, environment.cwd), reason }).toServingError();
    }
  }
}

function renamed(model: ReadModel, name: string): ReadModel {
  return model.kind === "servable" ? model : { ...model, name, problem: { ...model.problem, name } };
}

/** Models in the order of their files; of two that are the same version of the same model, the first is served. */
function listingOf(models: readonly ReadModel[]): SourceListing {
  const served = new Map<string, ServableModel>();
  const problems: SourceProblem[] = [];
  for (const model of models) {
    if (model.kind === "broken") {
      problems.push(model.problem);
      continue;
    }
    const label = labelOf(model.spec);
    const first = served.get(label);
    if (first === undefined) served.set(label, model);
    else problems.push(duplicate(model, first));
  }
  return { specs: [...served.values()].map(({ spec }) => spec), problems, notices: [] };
}

function duplicate({ name, spec }: ServableModel, first: ServableModel): SourceProblem {
  return {
    name,
    where: spec.origin,
    reason: `describes ${labelOf(spec)}, as ${first.spec.origin} does, which is served`,
    hint: "Give one of them another name or another parameters.version.",
  };
}
