/** Writes the JSON Schemas of `schemas/`; a unit test says when they have to be written again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchemas } from "../src/contracts/azureml/json-schemas.ts";
import { root, say } from "./lib/house.mjs";

const folder = join(root, "schemas");
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(join(folder, name), `${JSON.stringify(schema, null, 2)}\n`);
  say(`schemas/${name}`);
}
