import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { jsonSchemas } from "./json-schemas.ts";

const folder = resolve(import.meta.dirname, "../../../schemas");

it.each(Object.entries(jsonSchemas()))("%s is what tools/write-schemas.mjs writes", async (name, schema) => {
  expect(await readFile(join(folder, name), "utf8")).toBe(`${JSON.stringify(schema, null, 2)}\n`);
});

it("leaves no schema over that nothing writes", async () => {
  const kept = (await readdir(folder)).filter((name) => name.endsWith(".schema.json"));
  expect(kept.toSorted()).toEqual(Object.keys(jsonSchemas()).toSorted());
});

it("knows every key, and no others", () => {
  expect(jsonSchemas()["onlineDeployment.schema.json"]).toMatchObject({
    type: "object",
    required: ["name", "endpoint_name"],
    additionalProperties: false,
    properties: { $schema: {}, engine: {}, request_settings: { properties: { request_timeout_ms: {} } } },
  });
});

it("has no key that the guide does not tell of", async () => {
  const guide = await readFile(resolve(folder, "../docs/guide/azureml-yaml.md"), "utf8");
  const keys = [...new Set(Object.values(jsonSchemas()).flatMap(keysOf))];
  expect(keys.length).toBeGreaterThan(80);
  expect(keys.filter((key) => !guide.includes(`\`${key}`))).toEqual([]);
});

/** The keys of a schema's mappings, at any depth. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([word, part]: [string, unknown]) => {
    const isMapping = word === "properties" && typeof part === "object" && part !== null;
    return isMapping ? [...Object.keys(part), ...Object.values(part).flatMap(keysOf)] : keysOf(part);
  });
}
