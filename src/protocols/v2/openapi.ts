import type { ErrorCode } from "../../contracts/errors.ts";
import type { Json } from "../../contracts/parameters.ts";
import {
  errorReplies,
  jsonContent,
  type JsonObject,
  openApiDocument,
  type OpenApiOperation,
  schemaRef,
} from "../http/openapi.ts";
import { statusOf } from "../http/errors.ts";
import { v2Schemas } from "./openapi-schemas.ts";
import { type V2Operation, type V2Route, v2Routes } from "./routes.ts";

/** The V2 surface as OpenAPI, made from the table that the router reads. */

export interface DocumentedModel {
  readonly name: string;
  readonly version: string | null;
  /** What it takes, in Markdown; null where nobody knows. */
  readonly signature: string | null;
  /** A request that it accepts. */
  readonly example: Json;
}

/** In the order of the page: what most readers have come for is first. */
const tags = ["Inference", "Models", "Server", "Repository"] as const;

interface About {
  readonly tag: (typeof tags)[number];
  /** Name of the schema of the request's body. */
  readonly request?: string;
  /** Null for an empty reply. */
  readonly reply: JsonObject | null;
  readonly codes: readonly ErrorCode[];
  /** Replies that are neither success nor an error of the catalogue. */
  readonly others?: JsonObject;
}

const always: readonly ErrorCode[] = ["UNAUTHENTICATED", "INTERNAL"];

/** Every operation has an entry: one that is added to the routes does not compile until it is described. */
const operations: Readonly<Record<V2Operation, About>> = {
  "server-live": { tag: "Server", reply: schemaRef("ServerHealth"), codes: [] },
  "server-ready": {
    tag: "Server",
    reply: schemaRef("ServerHealth"),
    codes: [],
    others: { 503: { description: "It is not.", content: jsonContent(schemaRef("ServerHealth")) } },
  },
  "server-metadata": { tag: "Server", reply: schemaRef("ServerMetadata"), codes: always },
  "model-metadata": {
    tag: "Models",
    reply: schemaRef("ModelMetadata"),
    codes: [...always, "MODEL_NOT_FOUND"],
  },
  "model-ready": {
    tag: "Models",
    reply: schemaRef("ModelHealth"),
    codes: [...always, "MODEL_NOT_FOUND"],
    others: { 503: { description: "It cannot.", content: jsonContent(schemaRef("ModelHealth")) } },
  },
  infer: {
    tag: "Inference",
    request: "InferenceRequest",
    reply: schemaRef("InferenceResponse"),
    codes: [
      "MALFORMED_JSON",
      "INVALID_REQUEST",
      "INVALID_INPUT",
      "UNSUPPORTED_OUTPUT",
      "UNSUPPORTED_ENCODING",
      "PAYLOAD_TOO_LARGE",
      "MODEL_NOT_FOUND",
      "REQUEST_QUARANTINED",
      "QUEUE_FULL",
      "OVERLOADED",
      "DEADLINE_EXCEEDED",
      "SHUTTING_DOWN",
      "OUT_OF_MEMORY",
      "MODEL_NOT_READY",
      "MODEL_LOAD_FAILED",
      "MODEL_ERROR",
      "WORKER_DIED",
      "ENVIRONMENT_UNUSABLE",
      ...always,
    ],
  },
  "repository-index": {
    tag: "Repository",
    request: "IndexRequest",
    reply: { type: "array", items: schemaRef("IndexEntry") },
    codes: [...always, "MALFORMED_JSON", "INVALID_REQUEST", "PAYLOAD_TOO_LARGE"],
  },
  "repository-load": {
    tag: "Repository",
    reply: null,
    codes: [
      ...always,
      "MODEL_NOT_FOUND",
      "INVALID_SETTINGS",
      "MODEL_LOAD_FAILED",
      "OUT_OF_MEMORY",
      "ENVIRONMENT_UNUSABLE",
    ],
  },
  "repository-unload": { tag: "Repository", reply: null, codes: [...always, "MODEL_NOT_FOUND"] },
};

/** The whole server, with an example for each of these models. */
export function serverDocument(
  models: readonly DocumentedModel[],
  { version, serverUrl }: { readonly version: string; readonly serverUrl: string },
): JsonObject {
  return openApiDocument({
    title: "Data Plane",
    version,
    serverUrl,
    description:
      "The Open Inference Protocol (V2). Each model has a page of its own at `/v2/models/{model_name}/docs`.",
    tags,
    operations: v2Routes.map((route) => operationOf(route, models, [])),
    schemas: v2Schemas,
  });
}

/** One model, its name (and version, where one is asked for) written into the paths. */
export function modelDocument(
  model: DocumentedModel,
  { requestedVersion, serverUrl }: { readonly requestedVersion: string | null; readonly serverUrl: string },
): JsonObject {
  const { name, version, signature } = model;
  const label = version === null ? name : `${name} (${version})`;
  const known: Bindings = [
    ["name", name],
    ...(requestedVersion === null ? [] : [["version", requestedVersion] as const]),
  ];
  const routes = v2Routes.filter(
    ({ path }) =>
      path.startsWith("/v2/models/:name") && (requestedVersion === null || path.includes("/:version")),
  );
  return openApiDocument({
    title: `Data Plane for Model ${label}`,
    version: version ?? "1",
    serverUrl,
    description: signature ?? "What it takes is known once it is loaded.",
    tags: ["Inference", "Models"],
    operations: routes.map((route) => operationOf(route, [model], known)),
    schemas: v2Schemas,
  });
}

/** Path parameters whose values are known, and these. */
type Bindings = readonly (readonly [parameter: string, value: string])[];

function operationOf(
  { operation, method, path, summary }: V2Route,
  models: readonly DocumentedModel[],
  bindings: Bindings,
): OpenApiOperation {
  const { tag, request, reply, codes, others } = operations[operation];
  const bound = bindings.reduce(
    (text, [name, value]) => text.replace(`:${name}`, encodeURIComponent(value)),
    path,
  );
  const parameters = parametersOf(bound, models);
  const success =
    reply === null ? { description: "Done." } : { description: "OK", content: jsonContent(reply) };
  return {
    method,
    path: bound.replaceAll(/:(\w+)/g, "{model_$1}"),
    about: {
      operationId: operationIdOf(operation, path),
      tags: [tag],
      summary,
      ...(tag === "Server" && codes.length === 0 ? { security: [] } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(request === undefined ? {} : { requestBody: requestBodyOf(operation, request, models) }),
      responses: { 200: success, ...others, ...errorReplies(codes, statusOf) },
    },
  };
}

/** As `inferVersion`: unique, and what a client generator would call the method. */
function operationIdOf(operation: V2Operation, path: string): string {
  const words = operation.split("-");
  if (path.endsWith("/generate")) words.splice(0, 1, "generate");
  if (path.includes("/:version")) words.push("version");
  return words
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
}

function parametersOf(path: string, models: readonly DocumentedModel[]): readonly JsonObject[] {
  const versions = models.flatMap(({ version }) => (version === null ? [] : [version]));
  const isAboutModel = path.startsWith("/v2/models/");
  return [
    ...(path.includes(":name")
      ? [
          parameter(
            "path",
            "model_name",
            models.map(({ name }) => name),
          ),
        ]
      : []),
    ...(path.includes(":version") ? [parameter("path", "model_version", versions)] : []),
    ...(isAboutModel && !path.includes("/versions/") ? [parameter("query", "model_version", [])] : []),
  ];
}

function parameter(where: "path" | "query", name: string, values: readonly string[]): JsonObject {
  const examples = [...new Set(values)].map((value) => [value, { value }] as const);
  return {
    name,
    in: where,
    required: where === "path",
    schema: { type: "string" },
    ...(where === "query"
      ? { description: "The version that is to answer; without it the default one does." }
      : {}),
    ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) }),
  };
}

function requestBodyOf(
  operation: V2Operation,
  schema: string,
  models: readonly DocumentedModel[],
): JsonObject {
  const isInference = operation === "infer";
  const examples = models.map(
    (model) => [labelOf(model), { summary: labelOf(model), value: model.example }] as const,
  );
  const shown = isInference && examples.length > 0 ? { examples: Object.fromEntries(examples) } : {};
  return { required: isInference, content: jsonContent(schemaRef(schema), shown) };
}

function labelOf({ name, version }: DocumentedModel): string {
  return version === null ? name : `${name} ${version}`;
}
