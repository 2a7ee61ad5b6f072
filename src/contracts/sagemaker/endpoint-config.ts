import { z } from "zod";
import { tagSchema } from "./model.ts";
import { endpointConfigNameSchema, hostedModelNameSchema, variantNameSchema } from "./names.ts";

/** What CreateEndpointConfig takes, with AWS's spelling; what is not named here is kept and told again. */

const mostVariants = 10;
const waitSecondsSchema = z.int().min(60).max(3600);

const productionVariantSchema = z.looseObject({
  VariantName: variantNameSchema,
  ModelName: hostedModelNameSchema,
  InitialInstanceCount: z.int().min(0).exactOptional(),
  InitialVariantWeight: z.number().min(0).exactOptional(),
  ModelDataDownloadTimeoutInSeconds: waitSecondsSchema.exactOptional(),
  ContainerStartupHealthCheckTimeoutInSeconds: waitSecondsSchema.exactOptional(),
  RoutingConfig: z
    .looseObject({ RoutingStrategy: z.enum(["LEAST_OUTSTANDING_REQUESTS", "RANDOM"]) })
    .exactOptional(),
});
export type ProductionVariant = z.infer<typeof productionVariantSchema>;

const asyncInferenceSchema = z.looseObject({
  ClientConfig: z
    .looseObject({ MaxConcurrentInvocationsPerInstance: z.int().min(1).max(1000).exactOptional() })
    .exactOptional(),
  OutputConfig: z.looseObject({
    S3OutputPath: z.string().max(1024).exactOptional(),
    S3FailurePath: z.string().max(1024).exactOptional(),
  }),
});
export type AsyncInference = z.infer<typeof asyncInferenceSchema>;

export const createEndpointConfigSchema = z.looseObject({
  EndpointConfigName: endpointConfigNameSchema,
  ProductionVariants: z.array(productionVariantSchema).min(1).max(mostVariants),
  ShadowProductionVariants: z.array(productionVariantSchema).max(mostVariants).exactOptional(),
  AsyncInferenceConfig: asyncInferenceSchema.exactOptional(),
  Tags: z.array(tagSchema).exactOptional(),
});
export type CreateEndpointConfig = z.infer<typeof createEndpointConfigSchema>;

export const endpointConfigSchema = createEndpointConfigSchema.omit({ Tags: true });
export type EndpointConfig = z.infer<typeof endpointConfigSchema>;
