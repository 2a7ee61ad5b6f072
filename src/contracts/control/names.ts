import { z } from "zod";

/**
 * Names of endpoints and deployments, as Azure ML takes them (a letter first, then letters, digits and single hyphens).
 * SageMaker's own rule is wider and has its own schema.
 */
const namePattern = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const shortestName = 3;
const longestName = 32;

export const nameRule = `${String(shortestName)} to ${String(longestName)} letters, digits or hyphens, the first a letter, the last no hyphen`;

const nameSchema = z
  .string()
  .min(shortestName)
  .max(longestName)
  .regex(namePattern)
  // Azure and its clients take Blue and blue for one name, and keep it in lower case.
  .toLowerCase();

export const endpointNameSchema = nameSchema.brand<"EndpointName">();
export const deploymentNameSchema = nameSchema.brand<"DeploymentName">();

export type EndpointName = z.infer<typeof endpointNameSchema>;
export type DeploymentName = z.infer<typeof deploymentNameSchema>;

/** Names and versions of models, environments and code: they end up in paths and URLs. */
const assetPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
export const assetNameSchema = z.string().regex(assetPattern).brand<"AssetName">();
export const assetVersionSchema = z.string().regex(assetPattern).brand<"AssetVersion">();

export type AssetName = z.infer<typeof assetNameSchema>;
export type AssetVersion = z.infer<typeof assetVersionSchema>;
