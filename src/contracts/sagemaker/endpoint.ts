import { z } from "zod";
import { endpointConfigSchema } from "./endpoint-config.ts";
import { hostedModelSchema, tagSchema } from "./model.ts";
import { endpointConfigNameSchema, hostedEndpointNameSchema, variantNameSchema } from "./names.ts";

export const hostedEndpointStateSchema = z.enum(["Creating", "Updating", "InService", "Failed", "Deleting"]);
/** What is kept of how an endpoint is; whoever asks is told `SystemUpdating` while it is brought back after a start. */
export type HostedEndpointState = z.infer<typeof hostedEndpointStateSchema>;

export const createEndpointSchema = z.looseObject({
  EndpointName: hostedEndpointNameSchema,
  EndpointConfigName: endpointConfigNameSchema,
  Tags: z.array(tagSchema).exactOptional(),
});

export const updateEndpointSchema = z.looseObject({
  EndpointName: hostedEndpointNameSchema,
  EndpointConfigName: endpointConfigNameSchema,
  /** Whether weights and counts that were changed since stay as they are. */
  RetainAllVariantProperties: z.boolean().exactOptional(),
});
export type UpdateEndpoint = z.infer<typeof updateEndpointSchema>;

const capacitySchema = z.looseObject({
  VariantName: variantNameSchema,
  DesiredWeight: z.number().min(0).exactOptional(),
  DesiredInstanceCount: z.int().min(0).exactOptional(),
});
export type DesiredCapacity = z.infer<typeof capacitySchema>;

export const updateCapacitiesSchema = z.looseObject({
  EndpointName: hostedEndpointNameSchema,
  DesiredWeightsAndCapacities: z.array(capacitySchema).min(1),
});

/** How much of a variant there is to be. */
const capacityOfVariantSchema = z.object({ weight: z.number(), instances: z.int() });
export type VariantCapacity = z.infer<typeof capacityOfVariantSchema>;

/**
 * Everything that an endpoint runs with, as it was when somebody asked for it: the configuration and the models may be
 * deleted meanwhile.
 */
export const endpointPlanSchema = z.object({
  config: endpointConfigSchema,
  models: z.record(z.string(), hostedModelSchema),
  /** By variant, shadows too. */
  capacities: z.record(z.string(), capacityOfVariantSchema),
});
export type EndpointPlan = z.infer<typeof endpointPlanSchema>;
