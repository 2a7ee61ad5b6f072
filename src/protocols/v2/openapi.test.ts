import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isErrorCode } from "../../contracts/errors.ts";
import { type DocumentedModel, modelDocument, serverDocument } from "./openapi.ts";
import { v2Routes } from "./routes.ts";

const digits: DocumentedModel = {
  name: "digits",
  version: "v1",
  signature: "| Input |",
  example: { inputs: [{ name: "predict", shape: [1, 2], datatype: "FP32", data: [0, 0] }] },
};
const plain: DocumentedModel = { ...digits, name: "plain", version: null };

/** What the meta-schema of OpenAPI 3.1 demands of the parts that are used here. */
const content = z.record(
  z.string(),
  z.strictObject({
    schema: z.record(z.string(), z.unknown()),
    examples: z
      .record(z.string(), z.strictObject({ summary: z.string().optional(), value: z.unknown() }))
      .optional(),
  }),
);
const response = z.strictObject({ description: z.string().min(1), content: content.optional() });
const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(["path", "query"]),
  required: z.boolean(),
  description: z.string().optional(),
  schema: z.record(z.string(), z.unknown()),
  examples: z.record(z.string(), z.strictObject({ value: z.unknown() })).optional(),
});
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  tags: z.array(z.string()).length(1),
  summary: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(parameter).optional(),
  requestBody: z.strictObject({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string().regex(/^[2-5]\d\d$/), response),
});
const document = z.strictObject({
  openapi: z.literal("3.1.0"),
  info: z.strictObject({ title: z.string().min(1), version: z.string().min(1), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string().min(1) })),
  tags: z.array(z.strictObject({ name: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "post"]), operation)),
  components: z.strictObject({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
});

type Document = z.infer<typeof document>;

function operationsOf({ paths }: Document) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method: method.toUpperCase(), ...about })),
  );
}

const documents: readonly (readonly [string, unknown])[] = [
  ["the server", serverDocument([digits, plain], { version: "1.2.3", serverUrl: "./" })],
  ["a server without models", serverDocument([], { version: "1.2.3", serverUrl: "../../" })],
  ["a model", modelDocument(digits, { requestedVersion: null, serverUrl: "../" })],
  ["a version of a model", modelDocument(digits, { requestedVersion: "v1", serverUrl: "../" })],
  ["a model without versions", modelDocument(plain, { requestedVersion: null, serverUrl: "../" })],
];

describe.each(documents)("the document of %s", (_, made) => {
  const parsed = document.parse(made);
  const operations = operationsOf(parsed);

  it("names every operation once", () => {
    expect(operations.length).toBeGreaterThan(0);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("declares the parameters of each path, and no others", () => {
    for (const { path, parameters = [] } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters
        .filter((one) => one.in === "path")
        .map(({ name, required }) => (required ? name : ""));
      expect(declared).toStrictEqual(inPath);
    }
  });

  it("refers to nothing that is not there", () => {
    const references = [...JSON.stringify(made).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference,
    );
    const known = Object.keys(parsed.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(known).toEqual(expect.arrayContaining(references));
  });

  it("groups its operations under tags that it has", () => {
    const used = new Set(operations.flatMap(({ tags }) => tags));
    expect(new Set(parsed.tags.map(({ name }) => name))).toEqual(used);
  });

  it("lists errors by status, with codes of the catalogue", () => {
    for (const { responses } of operations) {
      for (const { content: body } of Object.values(responses)) {
        const { schema, examples = {} } = body?.["application/json"] ?? { schema: {} };
        if (schema["$ref"] === "#/components/schemas/Error")
          expect(Object.keys(examples).every(isErrorCode)).toBe(true);
      }
    }
    const predict = operations.find(
      ({ operationId }) => operationId === "infer" || operationId === "inferVersion",
    );
    expect(Object.keys(predict?.responses ?? {})).toEqual(
      expect.arrayContaining([
        "200",
        "400",
        "401",
        "404",
        "413",
        "415",
        "422",
        "429",
        "500",
        "503",
        "504",
        "507",
      ]),
    );
  });
});

it("the server's document has every route, at the paths that MLServer's has", () => {
  const { paths } = document.parse(documents[0]?.[1]);
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routed = v2Routes.map(
    ({ method, path }) =>
      `${method} ${path.replace(":name", "{model_name}").replace(":version", "{model_version}")}`,
  );
  expect(documented.sort()).toStrictEqual(routed.sort());
});

it("the server's document has an example request for every model", () => {
  const { paths } = document.parse(documents[0]?.[1]);
  const examples =
    paths["/v2/models/{model_name}/infer"]?.post?.requestBody?.content["application/json"]?.examples;
  expect(examples).toStrictEqual({
    "digits v1": { summary: "digits v1", value: digits.example },
    plain: { summary: "plain", value: plain.example },
  });
});

it("a model's document has its name in the paths, a version's its version too", () => {
  const [, , model, version] = documents.map(([, made]) => Object.keys(document.parse(made).paths));
  expect(model).toContain("/v2/models/digits/infer");
  expect(model).toContain("/v2/models/digits/versions/{model_version}/infer");
  expect(version?.every((path) => path.startsWith("/v2/models/digits/versions/v1"))).toBe(true);
});
