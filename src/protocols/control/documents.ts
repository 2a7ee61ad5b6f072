import { z } from "zod";
import {
  type AssetKind,
  type AssetSpecs,
  assetPatchSchema,
  codeAssetSchema,
  codeSpecSchema,
  environmentAssetSchema,
  environmentSpecSchema,
  modelAssetSchema,
  modelSpecSchema,
} from "../../contracts/control/assets.ts";
import { deploymentSchema, deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import {
  accessTokenSchema,
  endpointSchema,
  endpointSpecSchema,
  eventSchema,
  keyPairSchema,
  keyTypeSchema,
  revisionSchema,
} from "../../contracts/control/endpoint.ts";
import { comparisonSchema, deploymentMetricsSchema } from "../../contracts/control/measurements.ts";
import { hostedEndpointSchema, variantMetricsSchema } from "../../contracts/control/hosted-endpoints.ts";
import { rolloutSchema, rolloutSpecSchema } from "../../contracts/control/rollout.ts";
import { type ControlOperation, controlRoutes } from "../../contracts/control/routes.ts";

/** What goes in and comes out of the control API: the handlers read with these, the OpenAPI document is made of them. */

export const controlOperations: readonly ControlOperation[] = Object.keys(controlRoutes).filter(isOperation);

function isOperation(name: string): name is ControlOperation {
  return Object.hasOwn(controlRoutes, name);
}

const sharesSchema = z.record(z.string().toLowerCase(), z.int());

export const trafficChangeSchema = z.object({
  traffic: sharesSchema.exactOptional(),
  mirror_traffic: sharesSchema.exactOptional(),
});
export const regenerateSchema = z.object({ key_type: keyTypeSchema });
export const undoQuerySchema = z.object({ revision: z.coerce.number().int().min(1).optional() });
export const cancelQuerySchema = z.object({ undo: z.enum(["true", "false"]).default("false") });
/** A longer wait is cut: whoever wants more asks again. */
export const waitQuerySchema = z.object({ wait: z.coerce.number().min(0).max(600).default(0) });
export const logsQuerySchema = z.object({
  lines: z.coerce.number().int().min(1).default(5000),
  container: z.enum(["inference-server", "storage-initializer"]).default("inference-server"),
});
export const hostedLogsQuerySchema = logsQuerySchema.pick({ lines: true });
export const listQuerySchema = z.object({ archived: z.enum(["without", "with", "only"]).default("without") });

export const assetSpecSchemas: { readonly [K in AssetKind]: z.ZodType<AssetSpecs[K]> } = {
  models: modelSpecSchema,
  environments: environmentSpecSchema,
  codes: codeSpecSchema,
};

const anyAssetSpecSchema = z.union([modelSpecSchema, environmentSpecSchema, codeSpecSchema]);
const anyAssetSchema = z.union([modelAssetSchema, environmentAssetSchema, codeAssetSchema]);
const aboutSchema = z.object({
  name: z.string(),
  version: z.string(),
  url: z.string(),
  controlUrl: z.string(),
  tlsUrl: z.string(),
});

export interface OperationDocuments {
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Missing: no body. */
  readonly answer?: z.ZodType | "text";
}

export const documents: Readonly<Record<ControlOperation, OperationDocuments>> = {
  about: { answer: aboutSchema },
  listEndpoints: { answer: z.array(endpointSchema) },
  putEndpoint: { body: endpointSpecSchema, answer: endpointSchema },
  getEndpoint: { answer: endpointSchema },
  deleteEndpoint: {},
  putTraffic: { body: trafficChangeSchema, answer: endpointSchema },
  listKeys: { answer: keyPairSchema },
  regenerateKey: { body: regenerateSchema, answer: keyPairSchema },
  issueToken: { answer: accessTokenSchema },
  listEvents: { answer: z.array(eventSchema) },
  listRevisions: { answer: z.array(revisionSchema) },
  undo: { query: undoQuerySchema, answer: endpointSchema },
  metrics: { answer: z.array(deploymentMetricsSchema) },
  comparison: { answer: comparisonSchema.nullable() },
  startRollout: { body: rolloutSpecSchema, answer: rolloutSchema },
  getRollout: { answer: rolloutSchema.nullable() },
  cancelRollout: { query: cancelQuerySchema, answer: rolloutSchema },
  listDeployments: { answer: z.array(deploymentSchema) },
  putDeployment: { body: deploymentSpecSchema, answer: deploymentSchema },
  getDeployment: { query: waitQuerySchema, answer: deploymentSchema },
  deleteDeployment: {},
  getLogs: { query: logsQuerySchema, answer: "text" },
  listHostedEndpoints: { answer: z.array(hostedEndpointSchema) },
  hostedMetrics: { answer: z.array(variantMetricsSchema) },
  hostedLogs: { query: hostedLogsQuerySchema, answer: "text" },
  listAssets: { query: listQuerySchema, answer: z.array(anyAssetSchema) },
  createAsset: { body: anyAssetSpecSchema, answer: anyAssetSchema },
  listAssetVersions: { query: listQuerySchema, answer: z.array(anyAssetSchema) },
  getAsset: { answer: anyAssetSchema },
  patchAsset: { body: assetPatchSchema, answer: anyAssetSchema },
  deleteAsset: {},
};
