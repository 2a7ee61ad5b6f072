import { z } from "zod";

/** Names as SageMaker takes them: up to 63 letters, digits and hyphens, neither first nor last a hyphen. */
export const sagemakerNamePattern = "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
const wholeName = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const longestName = 63;

const nameSchema = z.string().min(1).max(longestName).regex(wholeName);

export const hostedModelNameSchema = nameSchema.brand<"HostedModelName">();
export const endpointConfigNameSchema = nameSchema.brand<"EndpointConfigName">();
export const hostedEndpointNameSchema = nameSchema.brand<"HostedEndpointName">();
export const variantNameSchema = nameSchema.brand<"VariantName">();
