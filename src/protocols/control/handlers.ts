import type { AssetKind, Assets } from "../../contracts/control/assets.ts";
import { assetPatchSchema } from "../../contracts/control/assets.ts";
import { deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import { endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { rolloutSpecSchema } from "../../contracts/control/rollout.ts";
import type { HostedEndpointSummary } from "../../contracts/control/hosted-endpoints.ts";
import type { ControlOperation } from "../../contracts/control/routes.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HostedEndpoint, HostedEndpointOperations } from "../../core/ports/hosted-endpoints.ts";
import type { ControlCall } from "./call.ts";
import type { ControlContext } from "./context.ts";
import {
  assetSpecSchemas,
  cancelQuerySchema,
  hostedLogsQuerySchema,
  listQuerySchema,
  logsQuerySchema,
  regenerateSchema,
  trafficChangeSchema,
  undoQuerySchema,
  waitQuerySchema,
} from "./documents.ts";

/** What is answered: a value as JSON, a text as it is, or nothing. */
export type ControlAnswer =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "empty" };

type Handler = (context: ControlContext, call: ControlCall) => Promise<ControlAnswer>;

const empty: ControlAnswer = { kind: "empty" };

async function json(value: unknown): Promise<ControlAnswer> {
  return { kind: "json", value: await value };
}

/** Every operation of the route table. */
export const handlers: Readonly<Record<ControlOperation, Handler>> = {
  about: ({ about }) => json(about()),

  listEndpoints: ({ endpoints }) => json(endpoints.list()),
  getEndpoint: ({ endpoints }, { endpoint }) => json(endpoints.get(endpoint)),
  putEndpoint: async ({ endpoints }, call) => {
    const spec = await call.body(endpointSpecSchema, { name: call.newName("endpoint") });
    return json(endpoints.put(spec, { actor: call.actor, create: call.isCreation }));
  },
  deleteEndpoint: async ({ endpoints }, { endpoint, actor }) => {
    await endpoints.delete(endpoint, actor);
    return empty;
  },
  putTraffic: async ({ endpoints }, call) => {
    const change = await call.body(trafficChangeSchema);
    return json(endpoints.setTraffic(call.endpoint, change, call.actor));
  },

  listKeys: ({ keys }, { endpoint }) => json(keys.keys(endpoint)),
  regenerateKey: async ({ keys }, call) => {
    const { key_type } = await call.body(regenerateSchema);
    return json(keys.regenerate(call.endpoint, key_type, call.actor));
  },
  issueToken: ({ keys }, { endpoint }) => json(keys.token(endpoint)),

  listEvents: ({ history }, { endpoint }) => json(history.events(endpoint)),
  listRevisions: ({ history }, { endpoint }) => json(history.revisions(endpoint)),
  undo: ({ history }, call) => {
    const { revision } = call.query(undoQuerySchema);
    return json(history.undo(call.endpoint, revision ?? null, call.actor));
  },
  metrics: ({ history }, { endpoint }) => json(history.metrics(endpoint)),
  comparison: ({ history }, { endpoint }) => json(history.comparison(endpoint)),

  startRollout: async ({ rollouts }, call) => {
    const spec = await call.body(rolloutSpecSchema);
    return json(rollouts.start(call.endpoint, spec, call.actor));
  },
  getRollout: ({ rollouts }, { endpoint }) => json(rollouts.get(endpoint)),
  cancelRollout: ({ rollouts }, call) => {
    const undo = call.query(cancelQuerySchema).undo === "true";
    return json(rollouts.cancel(call.endpoint, { actor: call.actor, undo }));
  },

  listDeployments: ({ deployments }, { endpoint }) => json(deployments.list(endpoint)),
  putDeployment: async ({ deployments }, call) => {
    const path = { name: call.newName("deployment"), endpoint_name: call.endpoint };
    const spec = await call.body(deploymentSpecSchema, path);
    return json(deployments.put(spec, { actor: call.actor, create: call.isCreation }));
  },
  getDeployment: ({ deployments }, call) => {
    const { wait } = call.query(waitQuerySchema);
    return json(deployments.get(call.endpoint, call.deployment, wait * 1000));
  },
  deleteDeployment: async ({ deployments }, { endpoint, deployment, actor }) => {
    await deployments.delete(endpoint, deployment, actor);
    return empty;
  },
  getLogs: async ({ deployments }, call) => {
    const options = call.query(logsQuerySchema);
    return { kind: "text", text: await deployments.logs(call.endpoint, call.deployment, options) };
  },

  listHostedEndpoints: async ({ sagemaker = null, about }) => {
    const all = sagemaker === null ? [] : await sagemaker.endpoints.list();
    return json(all.map((endpoint) => hostedSummary(endpoint, about().url)));
  },
  hostedMetrics: (context, { hostedEndpoint }) =>
    json(hosted(context, hostedEndpoint).metrics(hostedEndpoint)),
  hostedLogs: async (context, call) => {
    const { lines } = call.query(hostedLogsQuerySchema);
    const { hostedEndpoint } = call;
    return { kind: "text", text: await hosted(context, hostedEndpoint).logs(hostedEndpoint, lines) };
  },

  listAssets: ({ assets }, call) => json(assets.list(call.kind, call.query(listQuerySchema))),
  createAsset: async ({ assets }, call) => json(createAsset(assets, call, call.kind)),
  listAssetVersions: ({ assets }, call) =>
    json(assets.versions(call.kind, call.assetName, call.query(listQuerySchema))),
  getAsset: ({ assets }, { kind, assetName, assetVersion }) =>
    json(assets.get(kind, assetName, assetVersion)),
  patchAsset: async ({ assets }, call) => {
    const patch = await call.body(assetPatchSchema);
    return json(assets.update(call.kind, call.assetName, call.assetVersion, patch));
  },
  deleteAsset: async ({ assets }, { kind, assetName, assetVersion }) => {
    await assets.delete(kind, assetName, assetVersion);
    return empty;
  },
};

async function createAsset<K extends AssetKind>(
  assets: ControlContext["assets"],
  call: ControlCall,
  kind: K,
): Promise<Assets[K]> {
  return assets.create(kind, await call.body(assetSpecSchemas[kind]));
}

/** @throws ServingError ENDPOINT_NOT_FOUND */
function hosted({ sagemaker = null }: ControlContext, name: string): HostedEndpointOperations {
  if (sagemaker !== null) return sagemaker.endpoints;
  throw new ServingError("ENDPOINT_NOT_FOUND", `There is no endpoint ${name}.`, {
    field: "endpoint",
    got: name,
  });
}

function hostedSummary(endpoint: HostedEndpoint, baseUrl: string): HostedEndpointSummary {
  const { name, status, failureReason, configName, variants } = endpoint;
  return {
    name,
    status,
    failure_reason: failureReason,
    config: configName,
    invocations_uri: `${baseUrl}/endpoints/${name}/invocations`,
    variants: variants.map(({ name: variant, isShadow, weight, instances }) => ({
      name: variant,
      is_shadow: isShadow,
      weight,
      instances,
    })),
  };
}
