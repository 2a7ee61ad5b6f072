import type { Json } from "../../../contracts/parameters.ts";
import { labelOf } from "../../../core/models/model-spec.ts";
import type { SourceListing } from "../../../core/ports/model-source.ts";
import { type Files, folderWith } from "../../testing/folder.ts";
import { Environment, type Variables } from "../environment.ts";
import { MlserverRepository, type MlserverRepositoryOptions } from "../repository.ts";

export const sklearn = "mlserver_sklearn.SKLearnModel";
export const xgboost = "mlserver_xgboost.XGBoostModel";

export interface Situation {
  readonly variables?: Variables;
  readonly settings?: Partial<MlserverRepositoryOptions["settings"]>;
}

/** A repository of `cwd`/`root`. */
export function openRepository(
  cwd: string,
  { variables = {}, settings = {} }: Situation = {},
): MlserverRepository {
  return new MlserverRepository({
    root: ".",
    environment: new Environment(cwd, variables),
    settings: { pinnedModels: [], trustedFolders: [], versionPolicy: "natural", ...settings },
  });
}

export async function list(files: Files, situation: Situation = {}): Promise<SourceListing> {
  return openRepository(await folderWith(files), situation).list();
}

/** A model in a folder of its own. */
export function model(folder: string, settings: Readonly<Record<string, Json>> = {}): Files {
  return {
    [`${folder}/model-settings.json`]: { implementation: sklearn, ...settings },
    [`${folder}/model.joblib`]: "",
  };
}

export function versioned(folder: string, name: string, version: string): Files {
  return model(folder, { name, parameters: { version } });
}

export function labels({ specs }: SourceListing): readonly string[] {
  return specs.map(labelOf);
}

/** The problems as they are printed. */
export function printed({ problems }: SourceListing): string {
  return problems
    .map(({ name, where, reason, hint = "" }) => `\n${name}: ${where}: ${reason}\n  ${hint}`)
    .join("")
    .concat("\n");
}
