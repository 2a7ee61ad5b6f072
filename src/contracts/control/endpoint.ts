import { z } from "zod";
import { deploymentNameSchema, endpointNameSchema } from "./names.ts";

/** What an endpoint and its deployments go through, in Azure's words. */
const provisioningStates = ["Creating", "Updating", "Deleting", "Succeeded", "Failed", "Canceled"] as const;
export const provisioningStateSchema = z.enum(provisioningStates);
export type ProvisioningState = z.infer<typeof provisioningStateSchema>;

export const authModes = ["key", "aml_token", "aad_token"] as const;

const percentSchema = z.int().min(0).max(100);
/** Share of each deployment, in percent; all zero, or 100 together. */
export const trafficSchema = z
  .record(deploymentNameSchema, percentSchema)
  .refine((traffic) => [0, 100].includes(sumOf(traffic)), "the shares have to add up to 100, or all be 0");
/** One deployment, at most 50 percent. */
export const mirrorTrafficSchema = z
  .record(deploymentNameSchema, z.int().min(0).max(50))
  .refine((mirror) => Object.keys(mirror).length <= 1, "only one deployment can get a copy of the traffic");
export type Traffic = z.infer<typeof trafficSchema>;

function sumOf(traffic: Readonly<Record<string, number>>): number {
  return Object.values(traffic).reduce((sum, share) => sum + share, 0);
}

const textMapSchema = z.record(z.string(), z.string());

const identitySchema = z.object({
  type: z.enum(["system_assigned", "user_assigned", "none"]).default("system_assigned"),
  user_assigned_identities: z.array(z.record(z.string(), z.unknown())).default([]),
});

/** How a status other than 200 of a model reaches the caller. */
export const statusModes = ["azure", "transparent"] as const;

/** An endpoint as somebody wants it. */
export const endpointSpecSchema = z.object({
  name: endpointNameSchema,
  description: z.string().nullable().default(null),
  tags: textMapSchema.default({}),
  properties: textMapSchema.default({}),
  auth_mode: z.enum(authModes).default("key"),
  traffic: trafficSchema.default({}),
  mirror_traffic: mirrorTrafficSchema.default({}),
  public_network_access: z.enum(["enabled", "disabled"]).default("enabled"),
  identity: identitySchema.default({ type: "system_assigned", user_assigned_identities: [] }),
  /** An attached Kubernetes compute's name; null for a managed endpoint. */
  compute: z.string().nullable().default(null),
  /** `azure`: a model's 422 is a 424 with `ms-azureml-model-error-statuscode: 422`; `transparent`: it stays a 422. */
  status_mode: z.enum(statusModes).default("azure"),
});
export type EndpointSpec = z.infer<typeof endpointSpecSchema>;

/** An endpoint as it is. */
export const endpointSchema = endpointSpecSchema.extend({
  provisioning_state: provisioningStateSchema,
  scoring_uri: z.string(),
  openapi_uri: z.string(),
  /** Counts the changes of the endpoint and of its deployments. */
  revision: z.int(),
  created_at: z.iso.datetime(),
  modified_at: z.iso.datetime(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

export const keyPairSchema = z.object({ primary_key: z.string(), secondary_key: z.string() });
export type KeyPair = z.infer<typeof keyPairSchema>;
export const keyTypeSchema = z.enum(["primary", "secondary"]);
export type KeyType = z.infer<typeof keyTypeSchema>;

/** Times in seconds since 1970. */
export const accessTokenSchema = z.object({
  access_token: z.string(),
  expiry_time_utc: z.int(),
  refresh_after_time_utc: z.int(),
  token_type: z.literal("Bearer"),
});
export type AccessToken = z.infer<typeof accessTokenSchema>;

/** Something that happened to an endpoint or to one of its deployments, for people. */
export const eventSchema = z.object({
  at: z.iso.datetime(),
  deployment: deploymentNameSchema.nullable(),
  /** A word that never changes, as `InstanceFailed`. */
  reason: z.string(),
  message: z.string(),
  level: z.enum(["info", "warn", "error"]),
});
export type ControlEvent = z.infer<typeof eventSchema>;

/** One change, and what it changed. */
export const revisionSchema = z.object({
  revision: z.int(),
  at: z.iso.datetime(),
  who: z.string(),
  what: z.string(),
  /** Paths as `traffic.green`, each with what was there before and is now. */
  diff: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
});
export type Revision = z.infer<typeof revisionSchema>;
