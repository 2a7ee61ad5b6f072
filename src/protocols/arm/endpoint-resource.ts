import { z } from "zod";
import { type Endpoint, type EndpointSpec, endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import type { ArmCall } from "./context.ts";
import { endpointId, withoutPrefix, workspaceId } from "./ids.ts";
import { textMapSchema, validated, wordSchema } from "./json.ts";
import { operationUrl } from "./operations.ts";
import { inAzuresWords, resourceProperties, systemData, withoutResourceProperties } from "./resource.ts";

const tenant = "00000000-0000-0000-0000-000000000000";

const authModes = { key: "Key", aml_token: "AMLToken", aad_token: "AADToken" } as const;
const identityTypes = {
  system_assigned: "SystemAssigned",
  user_assigned: "UserAssigned",
  none: "None",
} as const;

export function encodeEndpoint(call: ArmCall, endpoint: Endpoint): object {
  const id = endpointId(call.scope, endpoint.name);
  const asyncUrl = operationUrl(call, { kind: "put-endpoint", endpoint: endpoint.name });
  return {
    id,
    name: endpoint.name,
    type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    location: "local",
    kind: endpoint.compute === null ? "Managed" : "K8S",
    tags: endpoint.tags,
    identity: encodeIdentity(endpoint.identity),
    properties: {
      authMode: authModes[endpoint.auth_mode],
      ...(endpoint.description === null ? {} : { description: endpoint.description }),
      properties: {
        ...endpoint.properties,
        ...resourceProperties("azureml.onlineendpointid", id, asyncUrl),
      },
      traffic: endpoint.traffic,
      mirrorTraffic: endpoint.mirror_traffic,
      publicNetworkAccess: inAzuresWords(endpoint.public_network_access),
      ...(endpoint.compute === null
        ? {}
        : { compute: `${workspaceId(call.scope)}/computes/${withoutPrefix(endpoint.compute)}` }),
      scoringUri: endpoint.scoring_uri,
      swaggerUri: endpoint.openapi_uri,
      provisioningState: endpoint.provisioning_state,
    },
    systemData: systemData(endpoint.created_at, endpoint.modified_at),
  };
}

function encodeIdentity({ type, user_assigned_identities: users }: Endpoint["identity"]): object {
  const base = { type: identityTypes[type], principalId: tenant, tenantId: tenant };
  if (users.length === 0) return base;
  const entries = users.map(
    ({ resource_id: id, client_id: clientId, object_id: principalId }): [string, object] => [
      String(id),
      {
        ...(clientId === undefined ? {} : { clientId }),
        ...(principalId === undefined ? {} : { principalId }),
      },
    ],
  );
  return { ...base, userAssignedIdentities: Object.fromEntries(entries) };
}

const sharesSchema = z
  .record(z.string(), z.number())
  .nullish()
  .transform((shares) => shares ?? {});

const bodySchema = z.object({
  tags: textMapSchema,
  identity: z
    .object({
      type: wordSchema({
        systemassigned: "system_assigned",
        userassigned: "user_assigned",
        systemassigneduserassigned: "user_assigned",
        none: "none",
      }),
      userAssignedIdentities: z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).nullish(),
    })
    .nullish(),
  properties: z.object({
    authMode: wordSchema({ key: "key", amltoken: "aml_token", aadtoken: "aad_token" }),
    description: z.string().nullish(),
    properties: textMapSchema,
    traffic: sharesSchema,
    mirrorTraffic: sharesSchema,
    publicNetworkAccess: wordSchema({ enabled: "enabled", disabled: "disabled" }),
    compute: z.string().nullish(),
  }),
});

/**
 * An endpoint as a client wants it. What Azure has no word for stays as it is.
 *
 * @throws ServingError INVALID_REQUEST
 */
export function decodeEndpoint(name: string, body: unknown, existing: Endpoint | null): EndpointSpec {
  const { tags, identity, properties } = validated(bodySchema, body);
  return validated(endpointSpecSchema, {
    name,
    tags,
    description: properties.description ?? null,
    properties: withoutResourceProperties(properties.properties),
    auth_mode: properties.authMode,
    traffic: properties.traffic,
    mirror_traffic: withoutZeros(properties.mirrorTraffic),
    public_network_access: properties.publicNetworkAccess,
    identity: {
      type: identity?.type,
      user_assigned_identities: Object.entries(identity?.userAssignedIdentities ?? {}).map(decodeUser),
    },
    compute: properties.compute?.split("/").at(-1) ?? null,
    status_mode: existing?.status_mode,
  });
}

function decodeUser([id, user]: readonly [string, Readonly<Record<string, unknown>> | null]): object {
  return {
    resource_id: id,
    ...(user?.["clientId"] === undefined ? {} : { client_id: user["clientId"] }),
    ...(user?.["principalId"] === undefined ? {} : { object_id: user["principalId"] }),
  };
}

/** A share of 0 is how a mirror is taken away. */
function withoutZeros(shares: Readonly<Record<string, number>>): object {
  return Object.fromEntries(Object.entries(shares).filter(([, share]) => share !== 0));
}
