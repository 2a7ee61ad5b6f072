import type { Endpoint } from "../../../contracts/control/endpoint.ts";
import { resourceIds, workspace } from "../../../contracts/control/workspace.ts";
import type { JsonObject } from "../output/json-value.ts";

/** Who made everything here; nobody logs in. */
export const creator = "hostler";
const nobody = "00000000-0000-0000-0000-000000000000";

/** An endpoint with the keys that Azure's command line prints; what is not set is left out. */
export function endpointView(endpoint: Endpoint): JsonObject {
  const { name, tags, description, auth_mode, traffic, mirror_traffic, compute } = endpoint;
  const { scoring_uri, openapi_uri, provisioning_state, public_network_access, status_mode } = endpoint;
  const isManaged = compute === null;
  return {
    id: resourceIds.endpoint(name),
    name,
    tags,
    ...(description === null ? {} : { description }),
    provisioning_state,
    properties: propertiesOf(endpoint),
    auth_mode,
    scoring_uri,
    location: workspace.location,
    openapi_uri,
    identity: identityOf(endpoint),
    traffic,
    kind: isManaged ? "Managed" : "K8S",
    mirror_traffic,
    ...(isManaged ? { public_network_access } : { compute: `azureml:${compute}` }),
    ...(status_mode === "azure" ? {} : { status_mode }),
  };
}

/** The same, where each deployment without a share is named with 0, as `show` does. */
export function endpointViewWith(endpoint: Endpoint, deployments: readonly string[]): JsonObject {
  const { traffic, mirror_traffic } = endpoint;
  const idle = deployments.filter(
    (name) => !Object.hasOwn(traffic, name) && !Object.hasOwn(mirror_traffic, name),
  );
  const zeros = Object.fromEntries(idle.map((name) => [name, 0]));
  return { ...endpointView(endpoint), traffic: { ...traffic, ...zeros } };
}

/** What a list shows of each, in every format. */
export function endpointRow(endpoint: Endpoint): JsonObject {
  const { name, location, traffic, mirror_traffic, provisioning_state, kind, tags } = endpointView(endpoint);
  return { name, location, traffic, mirror_traffic, provisioning_state, kind, tags };
}

/** Keys of `properties` that are made here: what an update sends back must not keep them. */
const madeProperties = [
  "createdBy",
  "createdAt",
  "lastModifiedAt",
  "azureml.onlineendpointid",
  "AzureAsyncOperationUri",
];

export function withoutMadeProperties(
  properties: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !madeProperties.includes(key)));
}

function propertiesOf({ name, properties, created_at, modified_at }: Endpoint): JsonObject {
  return {
    ...properties,
    createdBy: creator,
    createdAt: created_at,
    lastModifiedAt: modified_at,
    "azureml.onlineendpointid": resourceIds.endpoint(name),
    AzureAsyncOperationUri: `${resourceIds.endpoint(name)}/operations/latest`,
  };
}

function identityOf({ identity }: Endpoint): JsonObject {
  const { type, user_assigned_identities } = identity;
  if (type === "none") return { type };
  const common = { type, principal_id: nobody, tenant_id: nobody };
  return type === "user_assigned"
    ? { ...common, user_assigned_identities: user_assigned_identities.map(textsOf) }
    : common;
}

function textsOf(identity: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(identity).map(([key, value]) => [key, String(value)]));
}
