import type { JsonObject } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { endpointRow, endpointViewWith } from "../views/endpoint-view.ts";
import { orNotFound } from "./refusals.ts";

export async function showEndpoint(
  { name }: { readonly name: string },
  { client }: Session,
): Promise<JsonObject> {
  const endpoint = await orNotFound(client.getEndpoint(name), "ENDPOINT_NOT_FOUND");
  const deployments = await client.listDeployments(name);
  return endpointViewWith(
    endpoint,
    deployments.map((deployment) => deployment.name),
  );
}

export async function listEndpoints({ client }: Session): Promise<readonly JsonObject[]> {
  return (await client.listEndpoints()).map(endpointRow);
}
