import { workspace } from "../../contracts/control/workspace.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { LaunchOrder } from "../../core/ports/instance-launcher.ts";

/** Where an instance finds what it was deployed with, as it sees it. */
export interface InstancePaths {
  /** Holds the model under its own name. */
  readonly modelFolder: string | null;
  readonly application: ApplicationPaths | null;
}

export interface ApplicationPaths {
  /** The script's own folder. */
  readonly root: string;
  /** The code folder, where the script lies below it. */
  readonly source: string | null;
  /** The script, as seen from `root`. */
  readonly script: string;
}

/** Where Azure mounts models and code. */
export const azureFolder = "/var/azureml-app";

/** The variables that Azure gives to every instance, and over them the deployment's own. */
export function instanceVariables(
  { spec }: LaunchOrder,
  { modelFolder, application }: InstancePaths,
  ordinal: number,
): Readonly<Record<string, string>> {
  return {
    AML_APP_INSIGHTS_ENABLED: String(spec.app_insights_enabled),
    SERVICE_NAME: spec.endpoint_name,
    // The scoring server puts it before the paths of its description: that is where they are reached.
    SERVICE_PATH_PREFIX: `endpoints/${spec.endpoint_name}`,
    WORKSPACE_NAME: workspace.name,
    HOSTNAME: `${spec.endpoint_name}-${spec.name}-${String(ordinal)}`,
    ...(modelFolder === null ? {} : { AZUREML_MODEL_DIR: modelFolder }),
    ...(application === null
      ? {}
      : {
          AML_APP_ROOT: application.root,
          AZUREML_ENTRY_SCRIPT: application.script,
          ...(application.source === null ? {} : { AZUREML_SOURCE_DIRECTORY: application.source }),
        }),
    ...spec.environment_variables,
  };
}

/** Azure fetches such values from its vaults; nobody here could. INVALID_DOCUMENT names the variables. */
export function refuseSecretReferences({ spec }: LaunchOrder): void {
  const found = Object.entries(spec.environment_variables).filter(([, value]) =>
    /^\$\{\{.*\}\}$/s.test(value.trim()),
  );
  const [first] = found;
  if (first === undefined) return;
  throw new ServingError(
    "INVALID_DOCUMENT",
    `environment_variables: ${found.map(([name]) => name).join(", ")} refer to a secret in Azure, which cannot be read here.`,
    {
      field: `environment_variables.${first[0]}`,
      got: first[1],
      hint: "Give the value itself, for example with --set environment_variables.NAME=VALUE.",
    },
  );
}
