import { z } from "zod";
import { assetKinds } from "./assets.ts";

/**
 * The control API: what the command line, the dashboard and both clouds' façades use, and nothing else.
 *
 * One table: the router, the client and the OpenAPI document are made from it. Errors are
 * `{error, code, hint?, field?, expected?, got?, where?}` as on every edge. What takes time answers at once with
 * `provisioning_state: "Creating"` or `"Updating"`; whoever wants to wait asks again (`GET` with `?wait=SECONDS`
 * answers as soon as the state is a final one, or after that time).
 */

export interface ControlRoute {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** As `/api/endpoints/:endpoint`. */
  readonly path: string;
  readonly summary: string;
  /** Status of the good answer. */
  readonly status: 200 | 201 | 202 | 204;
}

const endpoint = "/api/endpoints/:endpoint";
const deployment = `${endpoint}/deployments/:deployment`;
const asset = "/api/:kind/:name";

export const assetKindSchema = z.enum(assetKinds);

export const controlRoutes = {
  about: {
    method: "GET",
    path: "/api",
    summary: "Version, and the addresses of the other planes",
    status: 200,
  },
  listEndpoints: { method: "GET", path: "/api/endpoints", summary: "All endpoints", status: 200 },
  /** `if-none-match: *` refuses to replace an existing one (409). */
  putEndpoint: { method: "PUT", path: endpoint, summary: "Create or replace an endpoint", status: 200 },
  getEndpoint: { method: "GET", path: endpoint, summary: "One endpoint", status: 200 },
  deleteEndpoint: {
    method: "DELETE",
    path: endpoint,
    summary: "Delete an endpoint and its deployments",
    status: 202,
  },
  putTraffic: {
    method: "PUT",
    path: `${endpoint}/traffic`,
    summary: "Replace traffic, mirror traffic or both",
    status: 200,
  },
  listKeys: { method: "POST", path: `${endpoint}/keys`, summary: "Both keys", status: 200 },
  regenerateKey: {
    method: "POST",
    path: `${endpoint}/keys/regenerate`,
    summary: "Make one key new",
    status: 200,
  },
  issueToken: { method: "POST", path: `${endpoint}/token`, summary: "A short-lived token", status: 200 },
  listEvents: {
    method: "GET",
    path: `${endpoint}/events`,
    summary: "What happened, newest last",
    status: 200,
  },
  listRevisions: {
    method: "GET",
    path: `${endpoint}/revisions`,
    summary: "Who changed what, newest last",
    status: 200,
  },
  undo: {
    method: "POST",
    path: `${endpoint}/undo`,
    summary: "Back to the revision before, or to ?revision=",
    status: 200,
  },
  metrics: {
    method: "GET",
    path: `${endpoint}/metrics`,
    summary: "Counts and latencies of each deployment",
    status: 200,
  },
  comparison: {
    method: "GET",
    path: `${endpoint}/mirror`,
    summary: "How the mirrored answers compare",
    status: 200,
  },
  startRollout: { method: "PUT", path: `${endpoint}/rollout`, summary: "Begin a rollout", status: 202 },
  getRollout: { method: "GET", path: `${endpoint}/rollout`, summary: "The newest rollout", status: 200 },
  cancelRollout: {
    method: "DELETE",
    path: `${endpoint}/rollout`,
    summary: "Stop the rollout; ?undo=true restores the traffic",
    status: 200,
  },
  listDeployments: {
    method: "GET",
    path: `${endpoint}/deployments`,
    summary: "All deployments of an endpoint",
    status: 200,
  },
  putDeployment: { method: "PUT", path: deployment, summary: "Create or replace a deployment", status: 202 },
  getDeployment: { method: "GET", path: deployment, summary: "One deployment", status: 200 },
  deleteDeployment: {
    method: "DELETE",
    path: deployment,
    summary: "Drain and delete a deployment",
    status: 202,
  },
  getLogs: {
    method: "GET",
    path: `${deployment}/logs`,
    summary: "The last lines of its instances",
    status: 200,
  },
  listHostedEndpoints: {
    method: "GET",
    path: "/api/hosted-endpoints",
    summary: "All endpoints of SageMaker's kind",
    status: 200,
  },
  hostedMetrics: {
    method: "GET",
    path: "/api/hosted-endpoints/:endpoint/metrics",
    summary: "What each of its variants did",
    status: 200,
  },
  hostedLogs: {
    method: "GET",
    path: "/api/hosted-endpoints/:endpoint/logs",
    summary: "The last lines of its containers",
    status: 200,
  },
  listAssets: { method: "GET", path: "/api/:kind", summary: "Newest version of each asset", status: 200 },
  createAsset: { method: "POST", path: "/api/:kind", summary: "Register an asset", status: 201 },
  listAssetVersions: {
    method: "GET",
    path: `${asset}/versions`,
    summary: "All versions, newest first",
    status: 200,
  },
  /** `latest` stands for the newest version that is not archived. */
  getAsset: { method: "GET", path: `${asset}/versions/:version`, summary: "One version", status: 200 },
  patchAsset: {
    method: "PATCH",
    path: `${asset}/versions/:version`,
    summary: "Change tags, description, archive",
    status: 200,
  },
  deleteAsset: {
    method: "DELETE",
    path: `${asset}/versions/:version`,
    summary: "Delete a version nobody uses",
    status: 204,
  },
} as const satisfies Record<string, ControlRoute>;

export type ControlOperation = keyof typeof controlRoutes;
