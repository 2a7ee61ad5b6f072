import { type AssetKind, assetKinds } from "../../contracts/control/assets.ts";

/** The part of Azure Resource Manager that azure-ai-ml calls for online endpoints, as data. */

export type ArmOperation =
  | "list-workspaces"
  | "get-workspace"
  | "list-endpoints"
  | "get-endpoint"
  | "put-endpoint"
  | "patch-endpoint"
  | "delete-endpoint"
  | "list-keys"
  | "regenerate-keys"
  | "issue-token"
  | "list-deployments"
  | "get-deployment"
  | "put-deployment"
  | "patch-deployment"
  | "delete-deployment"
  | "get-logs"
  | "list-skus"
  | "list-containers"
  | "get-container"
  | "put-container"
  | "list-versions"
  | "get-version"
  | "put-version"
  | "delete-version"
  | "start-upload"
  | "put-data"
  | "list-datastores"
  | "get-datastore"
  | "list-secrets"
  | "get-operation";

export interface ArmRoute {
  readonly operation: ArmOperation;
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** `:name` stands for any one part; the rest is compared without regard to case. */
  readonly path: string;
  /** Which assets it is about. */
  readonly kind?: AssetKind;
}

const provider = "providers/Microsoft.MachineLearningServices";
const groupPath = `/subscriptions/:subscription/resourceGroups/:group/${provider}`;
const workspacePath = `${groupPath}/workspaces/:workspace`;
const endpointPath = `${workspacePath}/onlineEndpoints/:endpoint`;
const deploymentPath = `${endpointPath}/deployments/:deployment`;
const datastorePath = `${workspacePath}/datastores`;

export const armRoutes: readonly ArmRoute[] = [
  {
    operation: "list-workspaces",
    method: "GET",
    path: `/subscriptions/:subscription/${provider}/workspaces`,
  },
  { operation: "list-workspaces", method: "GET", path: `${groupPath}/workspaces` },
  { operation: "get-workspace", method: "GET", path: workspacePath },
  { operation: "list-endpoints", method: "GET", path: `${workspacePath}/onlineEndpoints` },
  { operation: "get-endpoint", method: "GET", path: endpointPath },
  { operation: "put-endpoint", method: "PUT", path: endpointPath },
  { operation: "patch-endpoint", method: "PATCH", path: endpointPath },
  { operation: "delete-endpoint", method: "DELETE", path: endpointPath },
  { operation: "list-keys", method: "POST", path: `${endpointPath}/listKeys` },
  { operation: "regenerate-keys", method: "POST", path: `${endpointPath}/regenerateKeys` },
  { operation: "issue-token", method: "POST", path: `${endpointPath}/token` },
  { operation: "list-deployments", method: "GET", path: `${endpointPath}/deployments` },
  { operation: "get-deployment", method: "GET", path: deploymentPath },
  { operation: "put-deployment", method: "PUT", path: deploymentPath },
  { operation: "patch-deployment", method: "PATCH", path: deploymentPath },
  { operation: "delete-deployment", method: "DELETE", path: deploymentPath },
  { operation: "get-logs", method: "POST", path: `${deploymentPath}/getLogs` },
  { operation: "list-skus", method: "GET", path: `${deploymentPath}/skus` },
  ...assetKinds.flatMap(assetRoutes),
  { operation: "put-data", method: "PUT", path: `${workspacePath}/data/:name/versions/:version` },
  { operation: "list-datastores", method: "GET", path: datastorePath },
  { operation: "get-datastore", method: "GET", path: `${datastorePath}/:datastore` },
  { operation: "list-secrets", method: "POST", path: `${datastorePath}/:datastore/listSecrets` },
  {
    operation: "get-operation",
    method: "GET",
    path: `/subscriptions/:subscription/${provider}/locations/:location/mfeOperationsStatus/:operation`,
  },
];

function assetRoutes(kind: AssetKind): readonly ArmRoute[] {
  const container = `${workspacePath}/${kind}/:name`;
  const version = `${container}/versions/:version`;
  return [
    { operation: "list-containers", method: "GET", path: `${workspacePath}/${kind}`, kind },
    { operation: "get-container", method: "GET", path: container, kind },
    { operation: "put-container", method: "PUT", path: container, kind },
    { operation: "list-versions", method: "GET", path: `${container}/versions`, kind },
    { operation: "get-version", method: "GET", path: version, kind },
    { operation: "put-version", method: "PUT", path: version, kind },
    { operation: "delete-version", method: "DELETE", path: version, kind },
    { operation: "start-upload", method: "POST", path: `${version}/startPendingUpload`, kind },
  ];
}
