import {
  deleteVersion,
  getContainer,
  getVersion,
  listContainers,
  listVersions,
  putContainer,
  putData,
  putVersion,
  startUpload,
} from "./assets.ts";
import type { ArmCall, ArmReply } from "./context.ts";
import {
  deleteDeployment,
  getDeployment,
  getLogs,
  listDeployments,
  listSkus,
  patchDeployment,
  putDeployment,
} from "./deployments.ts";
import {
  deleteEndpoint,
  getEndpoint,
  issueToken,
  listEndpoints,
  listKeys,
  patchEndpoint,
  putEndpoint,
  regenerateKeys,
} from "./endpoints.ts";
import { getOperation } from "./operations.ts";
import type { ArmOperation } from "./routes.ts";
import { getDatastore, getWorkspace, listDatastores, listSecrets, listWorkspaces } from "./workspace.ts";

/** Total by type: a route without a handler does not compile. */
export const handlers: Readonly<Record<ArmOperation, (call: ArmCall) => Promise<ArmReply>>> = {
  "list-workspaces": listWorkspaces,
  "get-workspace": getWorkspace,
  "list-endpoints": listEndpoints,
  "get-endpoint": getEndpoint,
  "put-endpoint": putEndpoint,
  "patch-endpoint": patchEndpoint,
  "delete-endpoint": deleteEndpoint,
  "list-keys": listKeys,
  "regenerate-keys": regenerateKeys,
  "issue-token": issueToken,
  "list-deployments": listDeployments,
  "get-deployment": getDeployment,
  "put-deployment": putDeployment,
  "patch-deployment": patchDeployment,
  "delete-deployment": deleteDeployment,
  "get-logs": getLogs,
  "list-skus": listSkus,
  "list-containers": listContainers,
  "get-container": getContainer,
  "put-container": putContainer,
  "list-versions": listVersions,
  "get-version": getVersion,
  "put-version": putVersion,
  "delete-version": deleteVersion,
  "start-upload": startUpload,
  "put-data": putData,
  "list-datastores": listDatastores,
  "get-datastore": getDatastore,
  "list-secrets": listSecrets,
  "get-operation": getOperation,
};
