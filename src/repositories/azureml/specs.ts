import type { z } from "zod";
import type { DeploymentDocument, Referred } from "../../contracts/azureml/deployment.ts";
import type { EndpointDocument } from "../../contracts/azureml/endpoint.ts";
import type { InlineEnvironment } from "../../contracts/azureml/environment.ts";
import type { InlineModel } from "../../contracts/azureml/model.ts";
import type { environmentSpecSchema, modelSpecSchema } from "../../contracts/control/assets.ts";
import {
  type deploymentSpecSchema,
  type EngineChoice,
  engineChoices,
} from "../../contracts/control/deployment.ts";
import type { endpointSpecSchema } from "../../contracts/control/endpoint.ts";

/** What the control API's schemas take: `endpointSpecSchema.parse(…)` checks names and fills in what was left out. */
type EndpointInput = z.input<typeof endpointSpecSchema>;
type DeploymentInput = z.input<typeof deploymentSpecSchema>;
type ModelInput = z.input<typeof modelSpecSchema>;
type EnvironmentInput = z.input<typeof environmentSpecSchema>;

export type ModelSource = Referred | { readonly kind: "inline"; readonly model: InlineModel };
export type EnvironmentSource =
  | Referred
  | { readonly kind: "inline"; readonly environment: InlineEnvironment };
export type CodeSource = Referred | { readonly kind: "folder"; readonly path: string };

/** A deployment's document, taken apart: what has to be registered or looked up first, and the rest. */
export interface DeploymentParts {
  readonly model: ModelSource | null;
  readonly environment: EnvironmentSource | null;
  /** The script's path lies below the code; without code it is null. */
  readonly code: { readonly source: CodeSource; readonly scoringScript: string } | null;
  readonly rest: Omit<DeploymentInput, "model" | "environment" | "code_configuration">;
}

/** What the control API takes for an endpoint. */
export function endpointSpec(document: EndpointDocument): EndpointInput {
  const { name, description, tags, properties, auth_mode, traffic, mirror_traffic } = document;
  const { public_network_access, identity, compute, status_mode } = document;
  return {
    name,
    description,
    tags,
    properties,
    auth_mode,
    traffic,
    mirror_traffic,
    public_network_access,
    identity: identity && {
      type: identity.type,
      user_assigned_identities: identity.user_assigned_identities,
    },
    compute,
    status_mode,
  };
}

/** Takes a deployment apart. `engine` may be said by the tag `hostler.engine` too, which Azure accepts and ignores. */
export function deploymentParts(document: DeploymentDocument): DeploymentParts {
  const { model, environment, code_configuration, scale_settings, request_settings, ...others } = document;
  const { name, endpoint_name, description, tags, properties, type, model_mount_path, command } = others;
  const { environment_variables, instance_type, instance_count, liveness_probe, readiness_probe } = others;
  const { app_insights_enabled, data_collector, egress_public_network_access, resources } = others;
  return {
    model: model ?? null,
    environment: environment ?? null,
    code: codeOf(code_configuration),
    rest: {
      name,
      endpoint_name,
      description,
      tags,
      properties,
      type,
      model_mount_path,
      command,
      environment_variables,
      instance_type,
      instance_count,
      scale_settings: scale_settings && scaleSettings(scale_settings),
      request_settings: request_settings && requestSettings(request_settings),
      liveness_probe,
      readiness_probe,
      app_insights_enabled,
      data_collector,
      egress_public_network_access,
      resources,
      engine: others.engine ?? engineOf(tags),
    },
  };
}

/** `unnamed` is the name of a model that its author gave none. */
export function modelSpec(model: InlineModel, unnamed: string): ModelInput {
  const { name, version, description, tags, properties, type, path, stage } = model;
  const is_anonymous = name === undefined;
  return { name: name ?? unnamed, version, description, tags, properties, type, path, stage, is_anonymous };
}

/** `unnamed` is the name of an environment that its author gave none. */
export function environmentSpec(environment: InlineEnvironment, unnamed: string): EnvironmentInput {
  const { name, version, description, tags, properties, image, build, conda, inference_config, os_type } =
    environment;
  return {
    name: name ?? unnamed,
    version,
    description,
    tags,
    properties,
    image,
    build,
    conda,
    inference_config,
    os_type,
    is_anonymous: name === undefined,
  };
}

function codeOf(configuration: DeploymentDocument["code_configuration"]): DeploymentParts["code"] {
  if (configuration?.code === undefined || configuration.scoring_script === undefined) return null;
  return { source: configuration.code, scoringScript: configuration.scoring_script };
}

type ScaleInput = NonNullable<DeploymentInput["scale_settings"]>;

function scaleSettings({ type, ...limits }: NonNullable<DeploymentDocument["scale_settings"]>): ScaleInput {
  return type === "default" ? { type } : { type, ...limits };
}

type RequestInput = NonNullable<DeploymentInput["request_settings"]>;

/** Azure takes a time-out and a wait of 0 as left out. */
function requestSettings(settings: NonNullable<DeploymentDocument["request_settings"]>): RequestInput {
  const { request_timeout_ms, max_concurrent_requests_per_instance, max_queue_wait_ms } = settings;
  return {
    request_timeout_ms: request_timeout_ms === 0 ? undefined : request_timeout_ms,
    max_concurrent_requests_per_instance,
    max_queue_wait_ms: max_queue_wait_ms === 0 ? undefined : max_queue_wait_ms,
  };
}

function engineOf(tags: DeploymentDocument["tags"]): EngineChoice | undefined {
  const tag = tags?.["hostler.engine"];
  return engineChoices.find((choice) => choice === tag);
}
