import { z } from "zod";
import { hostedModelNameSchema } from "./names.ts";

/**
 * What CreateModel takes, with AWS's spelling. Fields that mean nothing on one machine (roles, networks) are kept and told
 * again, as everything else that is not named here.
 */

export const tagSchema = z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) });
export type Tag = z.infer<typeof tagSchema>;

const s3DataSourceSchema = z.looseObject({
  S3Uri: z.string(),
  S3DataType: z.enum(["S3Prefix", "S3Object"]).exactOptional(),
  CompressionType: z.enum(["None", "Gzip"]).exactOptional(),
});

const mostVariables = 100;
const mostContainers = 15;

const containerDefinitionSchema = z.looseObject({
  ContainerHostname: z.string().max(63).exactOptional(),
  Image: z.string().max(255).exactOptional(),
  Mode: z.enum(["SingleModel", "MultiModel"]).exactOptional(),
  /** A tar.gz, or where the mode is MultiModel, what the names of all models begin with. */
  ModelDataUrl: z.string().max(1024).exactOptional(),
  ModelDataSource: z.looseObject({ S3DataSource: s3DataSourceSchema.exactOptional() }).exactOptional(),
  Environment: z
    .record(z.string(), z.string())
    .refine((map) => Object.keys(map).length <= mostVariables, `at most ${String(mostVariables)} variables`)
    .exactOptional(),
  MultiModelConfig: z
    .looseObject({ ModelCacheSetting: z.enum(["Enabled", "Disabled"]).exactOptional() })
    .exactOptional(),
});
export type ContainerDefinition = z.infer<typeof containerDefinitionSchema>;

export const createModelSchema = z.looseObject({
  ModelName: hostedModelNameSchema,
  PrimaryContainer: containerDefinitionSchema.exactOptional(),
  Containers: z.array(containerDefinitionSchema).max(mostContainers).exactOptional(),
  InferenceExecutionConfig: z.looseObject({ Mode: z.enum(["Serial", "Direct"]) }).exactOptional(),
  Tags: z.array(tagSchema).exactOptional(),
});
export type CreateModel = z.infer<typeof createModelSchema>;

/** A model as it is kept: as it was made, without its tags. */
export const hostedModelSchema = createModelSchema.omit({ Tags: true });
export type HostedModel = z.infer<typeof hostedModelSchema>;
