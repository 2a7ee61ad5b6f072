import { z } from "zod";
import { type ControlOperation, controlRoutes } from "../../contracts/control/routes.ts";
import { type JsonObject, jsonContent, openApiDocument, type OpenApiOperation } from "../http/openapi.ts";
import { controlOperations, documents, type OperationDocuments } from "./documents.ts";

const jsonSchema: z.ZodType<JsonObject> = z.record(z.string(), z.json());

/** The control API as an OpenAPI document, from the route table and the schemas that the handlers read with. */
export function controlOpenApi(version: string): JsonObject {
  return openApiDocument({
    title: "hostler control API",
    version,
    description: "Endpoints, deployments and assets of one machine.",
    serverUrl: "/",
    tags: [],
    operations: controlOperations.map(operationOf),
    schemas: {
      Error: schemaOf(
        z.object({
          error: z.string(),
          code: z.string(),
          field: z.string().optional(),
          hint: z.string().optional(),
        }),
        "output",
      ),
    },
  });
}

function operationOf(name: ControlOperation): OpenApiOperation {
  const { method, path, summary, status } = controlRoutes[name];
  const { query, body, answer } = documents[name];
  return {
    method,
    path: path.replaceAll(/:(\w+)/g, "{$1}"),
    about: {
      operationId: name,
      summary,
      parameters: [...pathParameters(path), ...queryParameters(query)],
      ...(body === undefined
        ? {}
        : { requestBody: { required: true, content: jsonContent(schemaOf(body, "input")) } }),
      responses: {
        [String(status)]: { description: summary, ...contentOf(answer) },
        default: { description: "Refused", content: jsonContent({ $ref: "#/components/schemas/Error" }) },
      },
    },
  };
}

function pathParameters(path: string): readonly JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: OperationDocuments["query"]): readonly JsonObject[] {
  if (query === undefined) return [];
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    schema: schema instanceof z.ZodType ? schemaOf(schema, "output") : {},
  }));
}

function contentOf(answer: OperationDocuments["answer"]): JsonObject {
  if (answer === undefined) return {};
  if (answer === "text") return { content: { "text/plain": { schema: { type: "string" } } } };
  return { content: jsonContent(schemaOf(answer, "output")) };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const made = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return jsonSchema.parse(JSON.parse(JSON.stringify({ ...made, $schema: undefined })));
}
