import { endpointSpecSchema } from "../../../contracts/control/endpoint.ts";
import { endpointSpec } from "../../../repositories/azureml/index.ts";
import { checked } from "../documents/checked.ts";
import { override, readSpecification } from "../documents/read.ts";
import type { JsonValue } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { endpointView } from "../views/endpoint-view.ts";
import { alreadyExists, orNull, refuseLocalWithoutWait } from "./refusals.ts";
import { waitForEndpoint } from "./wait.ts";

interface CreateValues {
  readonly name: string | undefined;
  readonly file: string | undefined;
  readonly authMode: string | undefined;
  readonly set: readonly string[];
  readonly variables: readonly string[];
  readonly local: boolean;
  readonly noWait: boolean;
}

export async function createEndpoint(values: CreateValues, session: Session): Promise<JsonValue> {
  refuseLocalWithoutWait(values);
  const { client } = session;
  const fromFlags = [
    ...override("--name", "name", values.name),
    ...override("--auth-mode", "auth_mode", values.authMode),
  ];
  const { document } = await readSpecification("online-endpoint", values, fromFlags, session);
  const spec = checked(endpointSpecSchema, endpointSpec(document), "endpoint");
  if ((await orNull(client.getEndpoint(spec.name), "ENDPOINT_NOT_FOUND")) !== null) {
    throw alreadyExists("endpoint");
  }
  const endpoint = await client.putEndpoint(spec, { create: true });
  if (!values.noWait) return endpointView(await waitForEndpoint(endpoint, session));
  session.warn(`Being created. See how far it is with hostler ml online-endpoint show -n ${endpoint.name}.`);
  return null;
}
