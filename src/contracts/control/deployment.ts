import { z } from "zod";
import { assetReferenceSchema } from "./assets.ts";
import { provisioningStateSchema } from "./endpoint.ts";
import { deploymentNameSchema, endpointNameSchema } from "./names.ts";

/** Where an instance may run. */
export const engineChoices = ["auto", "process", "container"] as const;
const engineChoiceSchema = z.enum(engineChoices);
export type EngineChoice = z.infer<typeof engineChoiceSchema>;

const textMapSchema = z.record(z.string(), z.string());

/** Seconds and counts, as Kubernetes means them. */
const probeSchema = z.object({
  initial_delay: z.int().min(0).default(10),
  period: z.int().min(1).default(10),
  timeout: z.int().min(1).default(2),
  success_threshold: z.int().min(1).default(1),
  failure_threshold: z.int().min(1).default(30),
});
export type Probe = z.infer<typeof probeSchema>;

const requestSettingsSchema = z.object({
  request_timeout_ms: z.int().min(1).default(5000),
  /** Null: one at a time in each process, and all others wait for as long as their time-out lets them. */
  max_concurrent_requests_per_instance: z.int().min(1).nullable().default(null),
  max_queue_wait_ms: z.int().min(1).nullable().default(null),
});
export type RequestSettings = z.infer<typeof requestSettingsSchema>;

const scaleSettingsSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("default") }),
  z.object({
    type: z.literal("target_utilization"),
    min_instances: z.int().min(1).default(1),
    max_instances: z.int().min(1).default(1),
    /** Seconds. */
    polling_interval: z.int().min(1).default(1),
    target_utilization_percentage: z.int().min(1).max(100).default(70),
  }),
]);
export type ScaleSettings = z.infer<typeof scaleSettingsSchema>;

const codeConfigurationSchema = z.object({
  code: assetReferenceSchema,
  /** Path below the code folder. */
  scoring_script: z.string(),
});

/** Kubernetes quantities; memory and cpu are honoured by both engines where they can. */
const resourcesSchema = z.object({
  requests: textMapSchema.default({}),
  limits: textMapSchema.default({}),
});

/** A deployment as somebody wants it: everything it needs has been registered before. */
export const deploymentSpecSchema = z.object({
  name: deploymentNameSchema,
  endpoint_name: endpointNameSchema,
  description: z.string().nullable().default(null),
  tags: textMapSchema.default({}),
  properties: textMapSchema.default({}),
  type: z.enum(["managed", "kubernetes"]).default("managed"),
  model: assetReferenceSchema.nullable().default(null),
  model_mount_path: z.string().startsWith("/").nullable().default(null),
  code_configuration: codeConfigurationSchema.nullable().default(null),
  /** A server of the user's own, started instead of a scoring script. */
  command: z.array(z.string()).nullable().default(null),
  environment: assetReferenceSchema.nullable().default(null),
  environment_variables: textMapSchema.default({}),
  instance_type: z.string().nullable().default(null),
  instance_count: z.int().min(1).max(50).default(1),
  scale_settings: scaleSettingsSchema.default({ type: "default" }),
  request_settings: requestSettingsSchema.prefault({}),
  liveness_probe: probeSchema.prefault({}),
  readiness_probe: probeSchema.prefault({}),
  app_insights_enabled: z.boolean().default(false),
  data_collector: z.record(z.string(), z.unknown()).nullable().default(null),
  egress_public_network_access: z.enum(["enabled", "disabled"]).default("enabled"),
  resources: resourcesSchema.nullable().default(null),
  engine: engineChoiceSchema.default("auto"),
});
export type DeploymentSpec = z.infer<typeof deploymentSpecSchema>;

const instanceStates = ["starting", "ready", "unready", "restarting", "stopped", "failed"] as const;

/** One replica, as it is now. */
const instanceStatusSchema = z.object({
  ordinal: z.int(),
  state: z.enum(instanceStates),
  restarts: z.int(),
  /** The engine that runs it; null while that is undecided. */
  engine: z.enum(["process", "container"]).nullable(),
  /** Process ids, or the container's id. */
  where: z.string().nullable(),
  /** Why it is not ready. */
  reason: z.string().nullable(),
});
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;

/** A deployment as it is. */
export const deploymentSchema = deploymentSpecSchema.extend({
  provisioning_state: provisioningStateSchema,
  /** Why it failed: what happened, the last lines of its log, and what to do. */
  reason: z.string().nullable(),
  revision: z.int(),
  instances: z.array(instanceStatusSchema),
  created_at: z.iso.datetime(),
  modified_at: z.iso.datetime(),
});
export type Deployment = z.infer<typeof deploymentSchema>;
