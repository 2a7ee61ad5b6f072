import { z } from "zod";
import {
  type Deployment,
  type DeploymentSpec,
  deploymentSpecSchema,
  type Probe,
} from "../../contracts/control/deployment.ts";
import type { ArmCall } from "./context.ts";
import { collectorSchema, encodeCollector } from "./data-collector.ts";
import { durationOf, millisecondsSchema, secondsSchema } from "./durations.ts";
import { assetId, assetReferenceOf, deploymentId } from "./ids.ts";
import { textMapSchema, validated, wordSchema } from "./json.ts";
import { operationUrl } from "./operations.ts";
import {
  commandProperty,
  engineTag,
  inAzuresWords,
  resourceProperties,
  systemData,
  withoutResourceProperties,
} from "./resource.ts";
import { encodeResources, resourcesSchema } from "./resource-requirements.ts";

export function encodeDeployment(call: ArmCall, deployment: Deployment): object {
  const { endpoint_name: endpoint, name } = deployment;
  const id = deploymentId(call.scope, endpoint, name);
  const asyncUrl = operationUrl(call, { kind: "put-deployment", endpoint, deployment: name });
  return {
    id,
    name,
    type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
    location: "local",
    kind: inAzuresWords(deployment.type),
    tags: { ...deployment.tags, ...(deployment.engine === "auto" ? {} : { [engineTag]: deployment.engine }) },
    sku: { name: "Default", tier: "Standard", capacity: deployment.instance_count },
    properties: {
      endpointComputeType: inAzuresWords(deployment.type),
      properties: {
        ...deployment.properties,
        ...(deployment.command === null ? {} : { [commandProperty]: JSON.stringify(deployment.command) }),
        ...resourceProperties("azureml.onlinedeploymentid", id, asyncUrl),
      },
      ...encodeParts(call, deployment),
      environmentVariables: deployment.environment_variables,
      requestSettings: encodeRequestSettings(deployment.request_settings),
      livenessProbe: encodeProbe(deployment.liveness_probe),
      readinessProbe: encodeProbe(deployment.readiness_probe),
      scaleSettings: encodeScale(deployment.scale_settings),
      appInsightsEnabled: deployment.app_insights_enabled,
      egressPublicNetworkAccess: inAzuresWords(deployment.egress_public_network_access),
      ...(deployment.data_collector === null
        ? {}
        : { dataCollector: encodeCollector(deployment.data_collector) }),
      ...(deployment.resources === null
        ? {}
        : { containerResourceRequirements: encodeResources(deployment.resources) }),
      provisioningState: deployment.provisioning_state,
    },
    systemData: systemData(deployment.created_at, deployment.modified_at),
  };
}

/** What may be left out, and is then no field at all. */
function encodeParts({ scope }: ArmCall, deployment: Deployment): object {
  const { model, code_configuration: code, environment } = deployment;
  const texts = {
    description: deployment.description,
    model: model === null ? null : assetId(scope, "models", model.name, model.version),
    modelMountPath: deployment.model_mount_path,
    environmentId:
      environment === null ? null : assetId(scope, "environments", environment.name, environment.version),
    instanceType: deployment.instance_type,
  };
  const given = Object.entries(texts).filter(([, text]) => text !== null);
  if (code === null) return Object.fromEntries(given);
  const codeId = assetId(scope, "codes", code.code.name, code.code.version);
  return {
    ...Object.fromEntries(given),
    codeConfiguration: { codeId, scoringScript: code.scoring_script },
  };
}

function encodeRequestSettings(settings: DeploymentSpec["request_settings"]): object {
  const { max_concurrent_requests_per_instance: most, max_queue_wait_ms: wait } = settings;
  return {
    requestTimeout: durationOf(settings.request_timeout_ms),
    ...(most === null ? {} : { maxConcurrentRequestsPerInstance: most }),
    ...(wait === null ? {} : { maxQueueWait: durationOf(wait) }),
  };
}

function encodeProbe(probe: Probe): object {
  return {
    initialDelay: durationOf(probe.initial_delay * 1000),
    period: durationOf(probe.period * 1000),
    timeout: durationOf(probe.timeout * 1000),
    successThreshold: probe.success_threshold,
    failureThreshold: probe.failure_threshold,
  };
}

/** Clients fail without a type. */
function encodeScale(scale: DeploymentSpec["scale_settings"]): object {
  if (scale.type === "default") return { scaleType: "Default" };
  return {
    scaleType: "TargetUtilization",
    minInstances: scale.min_instances,
    maxInstances: scale.max_instances,
    pollingInterval: durationOf(scale.polling_interval * 1000),
    targetUtilizationPercentage: scale.target_utilization_percentage,
  };
}

const count = z
  .int()
  .nullish()
  .transform((value) => value ?? undefined);

const probeSchema = z
  .object({
    initialDelay: secondsSchema,
    period: secondsSchema,
    timeout: secondsSchema,
    successThreshold: count,
    failureThreshold: count,
  })
  .transform((probe) => ({
    initial_delay: probe.initialDelay,
    period: probe.period,
    timeout: probe.timeout,
    success_threshold: probe.successThreshold,
    failure_threshold: probe.failureThreshold,
  }))
  .nullish()
  .transform((probe) => probe ?? {});

const requestSettingsSchema = z
  .object({
    requestTimeout: millisecondsSchema,
    maxConcurrentRequestsPerInstance: count,
    maxQueueWait: millisecondsSchema,
  })
  .transform((settings) => ({
    request_timeout_ms: settings.requestTimeout,
    max_concurrent_requests_per_instance: settings.maxConcurrentRequestsPerInstance,
    max_queue_wait_ms: settings.maxQueueWait,
  }))
  .nullish()
  .transform((settings) => settings ?? {});

const scaleSchema = z
  .object({
    scaleType: wordSchema({ default: "default", targetutilization: "target_utilization" }),
    minInstances: count,
    maxInstances: count,
    pollingInterval: secondsSchema,
    targetUtilizationPercentage: count,
  })
  .nullish()
  .transform((scale) =>
    scale?.scaleType === "target_utilization"
      ? {
          type: scale.scaleType,
          min_instances: scale.minInstances,
          max_instances: scale.maxInstances,
          polling_interval: scale.pollingInterval,
          target_utilization_percentage: scale.targetUtilizationPercentage,
        }
      : { type: "default" },
  );

const bodySchema = z.object({
  tags: textMapSchema,
  sku: z.object({ name: z.string().nullish(), capacity: count }).nullish(),
  properties: z.object({
    endpointComputeType: wordSchema({ managed: "managed", kubernetes: "kubernetes" }),
    description: z.string().nullish(),
    properties: textMapSchema,
    model: z.string().nullish(),
    modelMountPath: z.string().nullish(),
    codeConfiguration: z.object({ codeId: z.string().nullish(), scoringScript: z.string() }).nullish(),
    environmentId: z.string().nullish(),
    environmentVariables: textMapSchema,
    instanceType: z.string().nullish(),
    requestSettings: requestSettingsSchema,
    livenessProbe: probeSchema,
    readinessProbe: probeSchema,
    scaleSettings: scaleSchema,
    appInsightsEnabled: z.boolean().nullish(),
    egressPublicNetworkAccess: wordSchema({ enabled: "enabled", disabled: "disabled" }),
    dataCollector: collectorSchema,
    containerResourceRequirements: resourcesSchema,
  }),
});

type Body = z.output<typeof bodySchema>;

/**
 * A deployment as a client wants it, what it names among it by name and version.
 *
 * @throws ServingError INVALID_REQUEST
 */
export function decodeDeployment(endpoint: string, name: string, body: unknown): DeploymentSpec {
  const { tags, sku, properties } = validated(bodySchema, body);
  return validated(deploymentSpecSchema, {
    name,
    endpoint_name: endpoint,
    description: properties.description ?? null,
    tags,
    properties: withoutResourceProperties(properties.properties),
    type: properties.endpointComputeType,
    ...decodeParts(properties),
    model_mount_path: properties.modelMountPath ?? null,
    environment_variables: properties.environmentVariables,
    instance_type: properties.instanceType ?? sizeOf(sku?.name),
    instance_count: sku?.capacity,
    scale_settings: properties.scaleSettings,
    request_settings: properties.requestSettings,
    liveness_probe: properties.livenessProbe,
    readiness_probe: properties.readinessProbe,
    app_insights_enabled: properties.appInsightsEnabled ?? undefined,
    data_collector: properties.dataCollector,
    egress_public_network_access: properties.egressPublicNetworkAccess,
    resources: properties.containerResourceRequirements,
    engine: tags[engineTag],
    command: commandOf(properties.properties[commandProperty]),
  });
}

/** Older requests name the size of the machine here. */
function sizeOf(sku: string | null | undefined): string | null {
  return sku === undefined || sku === null || sku.toLowerCase() === "default" ? null : sku;
}

function decodeParts({ model, environmentId, codeConfiguration: code }: Body["properties"]): object {
  const codeId = code?.codeId;
  return {
    model: isGiven(model) ? assetReferenceOf("models", model, "properties.model") : null,
    environment: isGiven(environmentId)
      ? assetReferenceOf("environments", environmentId, "properties.environmentId")
      : null,
    code_configuration:
      isGiven(codeId) && isGiven(code?.scoringScript)
        ? {
            code: assetReferenceOf("codes", codeId, "properties.codeConfiguration.codeId"),
            scoring_script: code.scoringScript,
          }
        : null,
  };
}

function isGiven(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && text !== "";
}

function commandOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
