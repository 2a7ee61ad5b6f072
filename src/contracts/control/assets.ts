import { z } from "zod";
import { assetNameSchema, assetVersionSchema } from "./names.ts";

/** Models, environments and code: registered once under a name and version, and never changed after. */

export const assetKinds = ["models", "environments", "codes"] as const;
export type AssetKind = (typeof assetKinds)[number];

const textMapSchema = z.record(z.string(), z.string());
export type TextMap = z.infer<typeof textMapSchema>;

/** Which asset: a version, or a label that stands for one. */
export const assetReferenceSchema = z.object({ name: assetNameSchema, version: assetVersionSchema });
export type AssetReference = z.infer<typeof assetReferenceSchema>;

export const modelTypes = ["custom_model", "mlflow_model", "triton_model"] as const;

const routeSchema = z.object({ path: z.string().startsWith("/"), port: z.int().min(1).max(65_535) });
/** Where a server inside an image answers. */
const inferenceConfigSchema = z.object({
  liveness_route: routeSchema,
  readiness_route: routeSchema,
  scoring_route: routeSchema,
});
export type InferenceConfig = z.infer<typeof inferenceConfigSchema>;
export type Route = z.infer<typeof routeSchema>;

/** What every asset has. */
const commonFields = {
  name: assetNameSchema,
  /** Left out: one more than the newest whole number, "1" first. */
  version: assetVersionSchema.nullable().default(null),
  description: z.string().nullable().default(null),
  tags: textMapSchema.default({}),
  properties: textMapSchema.default({}),
  /** Made for one deployment, from its content; lists leave it out. */
  is_anonymous: z.boolean().default(false),
};

/** `path` is absolute, on the machine of the control plane; it is copied, and its last part keeps its name. */
export const modelSpecSchema = z.object({
  ...commonFields,
  type: z.enum(modelTypes).default("custom_model"),
  path: z.string(),
  stage: z.string().nullable().default(null),
});

const buildContextSchema = z.object({
  /** Absolute folder. */
  path: z.string(),
  dockerfile_path: z.string().default("Dockerfile"),
});

export const environmentSpecSchema = z.object({
  ...commonFields,
  image: z.string().nullable().default(null),
  build: buildContextSchema.nullable().default(null),
  /** The conda file's content. */
  conda: z.record(z.string(), z.unknown()).nullable().default(null),
  inference_config: inferenceConfigSchema.nullable().default(null),
  os_type: z.enum(["linux", "windows"]).default("linux"),
});

/** A folder of code. */
export const codeSpecSchema = z.object({ ...commonFields, path: z.string() });

type ModelAssetSpec = z.infer<typeof modelSpecSchema>;
type EnvironmentAssetSpec = z.infer<typeof environmentSpecSchema>;
type CodeAssetSpec = z.infer<typeof codeSpecSchema>;
export interface AssetSpecs {
  readonly models: ModelAssetSpec;
  readonly environments: EnvironmentAssetSpec;
  readonly codes: CodeAssetSpec;
}

const recordFields = {
  version: assetVersionSchema,
  is_archived: z.boolean(),
  created_at: z.iso.datetime(),
  modified_at: z.iso.datetime(),
};

/** As registered: `path` is the copy's own, in the control plane's state. */
export const modelAssetSchema = modelSpecSchema.extend(recordFields);
export const environmentAssetSchema = environmentSpecSchema.extend(recordFields);
export const codeAssetSchema = codeSpecSchema.extend(recordFields);

export type ModelAsset = z.infer<typeof modelAssetSchema>;
export type EnvironmentAsset = z.infer<typeof environmentAssetSchema>;
export type CodeAsset = z.infer<typeof codeAssetSchema>;
export interface Assets {
  readonly models: ModelAsset;
  readonly environments: EnvironmentAsset;
  readonly codes: CodeAsset;
}

/** What may change of a registered asset. */
export const assetPatchSchema = z.object({
  description: z.string().nullable().optional(),
  tags: textMapSchema.optional(),
  properties: textMapSchema.optional(),
  stage: z.string().nullable().optional(),
  is_archived: z.boolean().optional(),
});
export type AssetPatch = z.infer<typeof assetPatchSchema>;
