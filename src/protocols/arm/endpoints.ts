import { z } from "zod";
import { type Endpoint, keyTypeSchema } from "../../contracts/control/endpoint.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall, ArmReply } from "./context.ts";
import { decodeEndpoint, encodeEndpoint } from "./endpoint-resource.ts";
import { endpointNameOf } from "./ids.ts";
import { mergePatch, validated } from "./json.ts";
import { isFinal, operationUrl } from "./operations.ts";

export async function listEndpoints(call: ArmCall): Promise<ArmReply> {
  const all = await call.context.endpoints.list();
  return { status: 200, body: { value: all.map((endpoint) => encodeEndpoint(call, endpoint)) } };
}

export async function getEndpoint(call: ArmCall): Promise<ArmReply> {
  const endpoint = await call.context.endpoints.get(endpointNameOf(call));
  return { status: 200, body: encodeEndpoint(call, endpoint) };
}

export async function putEndpoint(call: ArmCall): Promise<ArmReply> {
  const name = endpointNameOf(call);
  const [existing, body] = await Promise.all([find(call, name), call.body()]);
  return put(call, decodeEndpoint(name, body, existing), existing === null ? 201 : 200);
}

/** Tags, identity and whatever else is given; what is left out stays. */
export async function patchEndpoint(call: ArmCall): Promise<ArmReply> {
  const name = endpointNameOf(call);
  const [existing, patch] = await Promise.all([call.context.endpoints.get(name), call.body()]);
  const body = mergePatch(encodeEndpoint(call, existing), patch);
  return put(call, decodeEndpoint(name, body, existing), 200);
}

async function put(
  call: ArmCall,
  spec: ReturnType<typeof decodeEndpoint>,
  status: number,
): Promise<ArmReply> {
  const endpoint = await call.context.endpoints.put(spec, { actor: call.actor, create: false });
  const body = encodeEndpoint(call, endpoint);
  // Without the header a client reads the state in the body, and is done with its first look.
  if (isFinal(endpoint.provisioning_state)) return { status, body };
  return { status, body, operationUrl: operationUrl(call, { kind: "put-endpoint", endpoint: spec.name }) };
}

export async function deleteEndpoint(call: ArmCall): Promise<ArmReply> {
  const name = endpointNameOf(call);
  if ((await find(call, name)) === null) return { status: 204, body: null };
  await call.context.endpoints.delete(name, call.actor);
  return {
    status: 202,
    body: null,
    operationUrl: operationUrl(call, { kind: "delete-endpoint", endpoint: name }),
  };
}

export async function listKeys(call: ArmCall): Promise<ArmReply> {
  return keysReply(await call.context.keys.keys(endpointNameOf(call)));
}

const regenerateSchema = z.object({
  keyType: z
    .string()
    .transform((type) => type.toLowerCase())
    .pipe(keyTypeSchema),
});

/** A key that the request brings is not taken: clients send the present one, and mean a new one. */
export async function regenerateKeys(call: ArmCall): Promise<ArmReply> {
  const { keyType } = validated(regenerateSchema, await call.body());
  return keysReply(await call.context.keys.regenerate(endpointNameOf(call), keyType, call.actor));
}

function keysReply(keys: { readonly primary_key: string; readonly secondary_key: string }): ArmReply {
  return { status: 200, body: { primaryKey: keys.primary_key, secondaryKey: keys.secondary_key } };
}

export async function issueToken(call: ArmCall): Promise<ArmReply> {
  const token = await call.context.keys.token(endpointNameOf(call));
  return {
    status: 200,
    body: {
      accessToken: token.access_token,
      expiryTimeUtc: token.expiry_time_utc,
      refreshAfterTimeUtc: token.refresh_after_time_utc,
      tokenType: token.token_type,
    },
  };
}

async function find(call: ArmCall, name: EndpointName): Promise<Endpoint | null> {
  try {
    return await call.context.endpoints.get(name);
  } catch (error) {
    if (ServingError.from(error).code === "ENDPOINT_NOT_FOUND") return null;
    throw error;
  }
}
