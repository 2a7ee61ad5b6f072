import type { AssetReference } from "../../../contracts/control/assets.ts";
import type { Deployment, RequestSettings } from "../../../contracts/control/deployment.ts";
import { resourceIds } from "../../../contracts/control/workspace.ts";
import { type JsonObject, toJson } from "../output/json-value.ts";
import { creationContext } from "./creation-context.ts";

/** A deployment with the keys that Azure's command line prints; what is not set is left out. */
export function deploymentView(deployment: Deployment): JsonObject {
  const { name, endpoint_name, tags, properties, description, type, engine, command } = deployment;
  return {
    id: resourceIds.deployment(endpoint_name, name),
    name,
    endpoint_name,
    ...(description === null ? {} : { description }),
    tags,
    properties,
    type,
    provisioning_state: deployment.provisioning_state,
    ...assetsOf(deployment),
    ...(command === null ? {} : { command }),
    environment_variables: deployment.environment_variables,
    app_insights_enabled: deployment.app_insights_enabled,
    ...(deployment.instance_type === null ? {} : { instance_type: deployment.instance_type }),
    instance_count: deployment.instance_count,
    scale_settings: deployment.scale_settings,
    request_settings: requestSettingsOf(deployment.request_settings),
    liveness_probe: deployment.liveness_probe,
    readiness_probe: deployment.readiness_probe,
    ...optionalsOf(deployment),
    ...(engine === "auto" ? {} : { engine }),
    creation_context: creationContext(deployment),
  };
}

/** What a list shows of each, in every format. */
export function deploymentRow(deployment: Deployment): JsonObject {
  const { name, endpoint_name, provisioning_state, instance_type, model, type } = deploymentView(deployment);
  return {
    name,
    endpoint_name,
    provisioning_state,
    instance_type: instance_type ?? null,
    model: model ?? null,
    type,
  };
}

/** Models and environments as references, code as a bare id: so Azure's command line prints them. */
function assetsOf({ model, model_mount_path, environment, code_configuration }: Deployment): JsonObject {
  return {
    ...(model === null ? {} : { model: `azureml:${idOf("models", model)}` }),
    ...(model_mount_path === null ? {} : { model_mount_path }),
    ...(environment === null ? {} : { environment: `azureml:${idOf("environments", environment)}` }),
    ...(code_configuration === null
      ? {}
      : {
          code_configuration: {
            code: idOf("codes", code_configuration.code),
            scoring_script: code_configuration.scoring_script,
          },
        }),
  };
}

function idOf(kind: string, { name, version }: AssetReference): string {
  return resourceIds.asset(kind, name, version);
}

function requestSettingsOf(settings: RequestSettings): JsonObject {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}

function optionalsOf({
  type,
  data_collector,
  egress_public_network_access,
  resources,
}: Deployment): JsonObject {
  return {
    ...(data_collector === null ? {} : { data_collector: toJson(data_collector) }),
    ...(type === "managed" ? { egress_public_network_access } : {}),
    ...(resources === null ? {} : { resources }),
  };
}
