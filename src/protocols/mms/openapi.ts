import type { MmsContext } from "./context.ts";
import { jsonReply, type MmsReply } from "./reply.ts";
import type { MmsApis } from "./routes.ts";

/** The APIs as OpenAPI 3.0.1 tells of them; titles, paths and operation ids are Multi Model Server's. */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const problem = described(
  objectOf({
    code: { type: "integer", description: "Error code." },
    type: { type: "string", description: "Error type." },
    message: { type: "string", description: "Error message." },
  }),
);
const status = described(
  objectOf({ status: { type: "string", description: "What was done, or how it is." } }),
);
const descriptor = described(
  objectOf({ openapi: text, info: { type: "object" }, paths: { type: "object" } }),
);
const anything = { "*/*": { schema: { type: "string", format: "binary" } } };
const internalError = { description: "Internal Server Error", content: problem };
const notFound = { description: "Model not found", content: problem };

function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", required: Object.keys(properties), properties };
}

function described(schema: Schema): object {
  return { "application/json": { schema } };
}

function parameter(
  where: "query" | "path",
  [name, type, description, fallback]: readonly [string, string, string, (number | boolean)?],
): object {
  const schema = fallback === undefined ? { type } : { type, default: String(fallback) };
  return { in: where, name, description, required: where === "path" || name === "url", schema };
}

const modelName = parameter("path", ["model_name", "string", "Name of the model."]);

const describing = {
  operationId: "apiDescription",
  parameters: [],
  responses: {
    "200": { description: "A openapi 3.0.1 descriptor", content: descriptor },
    "500": internalError,
  },
} as const;

function predicting(operationId: string, description: string, parameters: readonly object[]): object {
  return {
    description,
    operationId,
    parameters,
    requestBody: { description: "What the model takes.", content: anything, required: true },
    responses: {
      "200": { description: "What the model answers.", content: anything },
      "404": notFound,
      "500": internalError,
      "503": { description: "No worker is available to serve request", content: problem },
    },
  };
}

const optionalName = parameter("query", ["model_name", "string", "Name of the model."]);

const inferencePaths = {
  "/{model_name}/predict": {
    post: {
      ...predicting("predict", "Calls a model, as it was in version 0.4.", [modelName]),
      deprecated: true,
    },
  },
  "/ping": {
    get: {
      operationId: "ping",
      parameters: [],
      responses: {
        "200": { description: "Model server status", content: status },
        "503": { description: "No worker of any model runs, and some should.", content: status },
        "500": internalError,
      },
    },
  },
  "/predictions/{model_name}": {
    post: predicting("predictions", "Calls a model.", [modelName]),
    options: {
      description: "Describes what a model takes and answers.",
      operationId: "predictionsApi",
      parameters: [modelName],
      responses: { "200": { description: "OK", content: described({ type: "object" }) } },
    },
  },
  "/api-description": { get: { ...describing, deprecated: true } },
  "/invocations": {
    post: predicting("invocations", "Calls the model that the query or the form names.", [optionalName]),
  },
  "/models/{model_name}/invoke": {
    post: predicting("invoke", "Calls a model; parameters of the query are inputs, too.", [modelName]),
  },
};

const modelItem = objectOf({ modelName: text, modelUrl: text });
const page: Schema = {
  type: "object",
  required: ["models"],
  properties: { nextPageToken: text, models: { type: "array", items: modelItem } },
};
const worker: Schema = {
  type: "object",
  required: ["id", "status"],
  properties: {
    id: text,
    startTime: text,
    status: { type: "string", enum: ["READY", "LOADING", "UNLOADING"] },
    gpu: { type: "boolean" },
    memoryUsage: { type: "integer", description: "Private bytes of its process." },
  },
};
const model: Schema = {
  type: "object",
  required: ["modelName", "modelUrl", "minWorkers", "maxWorkers", "workers"],
  properties: {
    ...{ modelName: text, modelVersion: text, modelUrl: text, engine: text, runtime: text },
    ...{ minWorkers: { type: "integer" }, maxWorkers: { type: "integer" }, batchSize: { type: "integer" } },
    ...{ maxBatchDelay: { type: "integer" }, loadedAtStartup: { type: "boolean" } },
    workers: { type: "array", items: worker },
  },
};

const done = { description: "Done", content: status };
const accepted = { description: "Accepted", content: status };
const partial = { description: "Partial Success", content: status };
const badRequest = { description: "Bad request", content: problem };
const conflict = { description: "The model is registered already", content: problem };
const noMemory = { description: "Not enough memory", content: problem };

const pageParameters = [
  ["limit", "integer", "Models on a page, at most 100.", 100],
  ["next_page_token", "string", "Where the page begins, as the page before it says."],
] as const;

const registerParameters = [
  ["url", "string", "An archive or folder in the model store, or where an archive is downloaded from."],
  ["model_name", "string", "Instead of the name in the archive."],
  ["handler", "string", "Instead of the handler in the archive."],
  ["runtime", "string", "python, python2 or python3."],
  ["batch_size", "integer", "Calls that the handler gets at once, at most.", 1],
  ["max_batch_delay", "integer", "Milliseconds that a batch waits to be full.", 100],
  ["response_timeout", "integer", "Seconds that a call may wait, and a batch run.", 120],
  ["initial_workers", "integer", "Workers to start with.", 0],
  ["synchronous", "boolean", "Whether to answer when they are ready.", true],
] as const;

const scaleParameters = [
  ["min_worker", "integer", "Workers that run at least.", 1],
  ["max_worker", "integer", "Workers that run at most; by default as many as at least."],
  ["synchronous", "boolean", "Whether to answer when it is done.", false],
] as const;

function queryOf(parameters: readonly Parameters<typeof parameter>[1][]): readonly object[] {
  return parameters.map((one) => parameter("query", one));
}

const managementPaths = {
  "/models": {
    get: {
      description: "Lists the models.",
      operationId: "listModels",
      parameters: queryOf(pageParameters),
      responses: { "200": { description: "OK", content: described(page) }, "500": internalError },
    },
    post: {
      description: "Registers a model.",
      operationId: "registerModel",
      parameters: queryOf(registerParameters),
      responses: {
        ...{ "200": done, "202": accepted, "400": badRequest, "404": notFound, "409": conflict },
        ...{ "500": internalError, "507": noMemory },
      },
    },
  },
  "/models/{model_name}": {
    get: {
      description: "Describes a model and its workers.",
      operationId: "describeModel",
      parameters: [modelName],
      responses: {
        "200": { description: "OK", content: described(model) },
        ...{ "404": notFound, "500": internalError },
      },
    },
    put: {
      description: "Sets how many workers a model has.",
      operationId: "setAutoScale",
      parameters: [modelName, ...queryOf(scaleParameters)],
      responses: {
        ...{ "200": done, "202": accepted, "210": partial, "400": badRequest, "404": notFound },
        "500": internalError,
      },
    },
    delete: {
      description: "Unregisters a model; answers when its workers have ended.",
      operationId: "unregisterModel",
      parameters: [modelName],
      responses: { "200": done, "404": notFound, "500": internalError },
    },
  },
};

const metricsPaths = {
  "/metrics": {
    get: {
      description: "Everything that is counted.",
      operationId: "metrics",
      parameters: [],
      responses: { "200": { description: "OK", content: { "text/plain": { schema: text } } } },
    },
  },
};

const servingText = "Model Server is a flexible and easy to use tool for serving deep learning models";
const titles = {
  inference: ["Model Serving APIs", servingText],
  management: [
    "Model Management APIs",
    "Loads, scales, describes and unloads the models of a running server",
  ],
  both: ["Model Server APIs", servingText],
  metrics: ["Metrics APIs", "Metrics, as Prometheus reads them"],
} as const;

export function describeApi(apis: MmsApis): object {
  const { inference, management, metrics } = apis;
  const [title, description] = titles[titleOf(apis)];
  return {
    openapi: "3.0.1",
    info: { title, description, version: "1.0.0" },
    paths: {
      "/": { options: describing },
      ...(inference ? inferencePaths : {}),
      ...(management ? managementPaths : {}),
      ...(metrics ? metricsPaths : {}),
    },
  };
}

function titleOf({ inference, management }: MmsApis): keyof typeof titles {
  if (inference) return management ? "both" : "inference";
  return management ? "management" : "metrics";
}

/** What a model takes is its handler's secret: there is little to tell. Rejects with MODEL_NOT_FOUND. */
export async function describePrediction({ host }: MmsContext, name: string): Promise<MmsReply> {
  const { name: operationId } = await host.describe(name);
  const post = {
    description: `A predict entry point for model: ${name}.`,
    operationId,
    parameters: [],
    responses: { "200": { description: "OK" }, "500": internalError },
  };
  return jsonReply(200, {
    openapi: "3.0.1",
    info: { title: `RESTful API for: ${name}`, version: "1.0.0" },
    // The path as Multi Model Server has it, without its s.
    paths: { [`/prediction/${name}`]: { post } },
  });
}
