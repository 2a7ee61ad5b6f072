import { z } from "zod";
import { deploymentFileSchema } from "./deployment.ts";
import { endpointDocumentSchema } from "./endpoint.ts";
import { environmentFileSchema } from "./environment.ts";
import { modelFileSchema } from "./model.ts";

const documents = {
  onlineEndpoint: { title: "Online endpoint", schema: endpointDocumentSchema },
  onlineDeployment: { title: "Online deployment", schema: deploymentFileSchema },
  model: { title: "Model", schema: modelFileSchema },
  environment: { title: "Environment", schema: environmentFileSchema },
};

/** JSON Schemas of the documents for editors, by the names of their files. Rules between fields are not in them. */
export function jsonSchemas(): Readonly<Record<string, object>> {
  const made: Record<string, object> = {};
  for (const [name, { title, schema }] of Object.entries(documents)) {
    // Editors know this draft best.
    const json = z.toJSONSchema(schema, { io: "input", target: "draft-7", unrepresentable: "any" });
    made[`${name}.schema.json`] = { title, ...json };
  }
  return made;
}
