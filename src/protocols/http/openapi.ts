import type { ErrorCode } from "../../contracts/errors.ts";
import { errorCatalogue } from "../../contracts/errors.ts";
import type { Json } from "../../contracts/parameters.ts";

/** What OpenAPI documents of all protocols are made of. Version 3.1: its schemas are plain JSON Schema. */

export type JsonObject = Readonly<Record<string, Json>>;

export interface OpenApiOperation {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** With parameters as `{model_name}`. */
  readonly path: string;
  /** The operation as OpenAPI writes it. */
  readonly about: JsonObject;
}

export interface OpenApiContents {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** The server's root, as seen from where the document lies. */
  readonly serverUrl: string;
  /** Groups of operations, in the order they are shown in. */
  readonly tags: readonly string[];
  readonly operations: readonly OpenApiOperation[];
  readonly schemas: JsonObject;
}

export function openApiDocument(contents: OpenApiContents): JsonObject {
  const { title, version, description, serverUrl, tags, operations, schemas } = contents;
  const paths = Map.groupBy(operations, ({ path }) => path);
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    // A path of an operation begins with a slash of its own.
    servers: [{ url: serverUrl.replace(/\/$/, "") }],
    tags: tags.map((name) => ({ name })),
    // Either: whether keys are asked for is the operator's choice.
    security: [{}, { key: [] }],
    paths: Object.fromEntries(
      [...paths].map(([path, all]) => [
        path,
        Object.fromEntries(all.map(({ method, about }) => [method.toLowerCase(), about])),
      ]),
    ),
    components: {
      schemas,
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "A key of the server, where it asks for keys." },
      },
    },
  };
}

export function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

export function jsonContent(schema: JsonObject, more: JsonObject = {}): JsonObject {
  return { "application/json": { schema, ...more } };
}

/** One reply for each status that these errors have, with an example for each of them. */
export function errorReplies(
  codes: readonly ErrorCode[],
  statusOf: Readonly<Record<ErrorCode, number>>,
): Readonly<Record<string, JsonObject>> {
  const byStatus = Map.groupBy(codes, (code) => String(statusOf[code]));
  return Object.fromEntries([...byStatus].map(([status, all]) => [status, errorReply(all)]));
}

function errorReply(codes: readonly ErrorCode[]): JsonObject {
  const examples = codes.map(
    (code) =>
      [
        code,
        { summary: errorCatalogue[code].summary, value: { error: errorCatalogue[code].summary, code } },
      ] as const,
  );
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].summary}`).join("\n\n"),
    content: jsonContent(schemaRef("Error"), { examples: Object.fromEntries(examples) }),
  };
}
