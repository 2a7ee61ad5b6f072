/** The V2 surface as data: the router, the OpenAPI document and the tests read this table. */

export type V2Operation =
  | "server-live"
  | "server-ready"
  | "server-metadata"
  | "model-metadata"
  | "model-ready"
  | "infer"
  | "repository-index"
  | "repository-load"
  | "repository-unload";

export interface V2Route {
  readonly operation: V2Operation;
  readonly method: "GET" | "POST";
  /** `:name` and `:version` are path parameters. */
  readonly path: string;
  readonly summary: string;
}

export const v2Routes: readonly V2Route[] = [
  { operation: "server-live", method: "GET", path: "/v2/health/live", summary: "Is the server up?" },
  {
    operation: "server-ready",
    method: "GET",
    path: "/v2/health/ready",
    summary: "Should the server get traffic?",
  },
  { operation: "server-metadata", method: "GET", path: "/v2", summary: "Name, version and extensions" },
  {
    operation: "model-metadata",
    method: "GET",
    path: "/v2/models/:name",
    summary: "What a model says of itself",
  },
  {
    operation: "model-metadata",
    method: "GET",
    path: "/v2/models/:name/versions/:version",
    summary: "What a version of a model says of itself",
  },
  {
    operation: "model-ready",
    method: "GET",
    path: "/v2/models/:name/ready",
    summary: "Can the model be called?",
  },
  {
    operation: "model-ready",
    method: "GET",
    path: "/v2/models/:name/versions/:version/ready",
    summary: "Can this version be called?",
  },
  { operation: "infer", method: "POST", path: "/v2/models/:name/infer", summary: "Predict" },
  {
    operation: "infer",
    method: "POST",
    path: "/v2/models/:name/versions/:version/infer",
    summary: "Predict with this version",
  },
  {
    operation: "infer",
    method: "POST",
    path: "/v2/models/:name/generate",
    summary: "Predict (MLServer's alias)",
  },
  {
    operation: "infer",
    method: "POST",
    path: "/v2/models/:name/versions/:version/generate",
    summary: "Predict with this version (MLServer's alias)",
  },
  {
    operation: "repository-index",
    method: "POST",
    path: "/v2/repository/index",
    summary: "All models and states",
  },
  {
    operation: "repository-load",
    method: "POST",
    path: "/v2/repository/models/:name/load",
    summary: "Read a model anew and load it",
  },
  {
    operation: "repository-unload",
    method: "POST",
    path: "/v2/repository/models/:name/unload",
    summary: "Take a model out of memory",
  },
];
