import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { EndpointDirectory, LiveDeployment, LiveEndpoint } from "../../core/ports/endpoint-directory.ts";
import type { InstanceRoutes } from "../../core/ports/instance-launcher.ts";
import { deploymentHeader, forwardedHeaders } from "./headers.ts";
import { endpointsPath } from "./routes.ts";

/** Where a request wants to go. */
export interface Destination {
  readonly endpoint: LiveEndpoint;
  /** Path and query below the endpoint, as they came: `/score?x=1`. */
  readonly path: string;
}

/** @throws ServingError ENDPOINT_NOT_FOUND */
export function findEndpoint(directory: EndpointDirectory, url: string): Destination {
  const below = url.slice(endpointsPath.length);
  const end = below.search(/[/?]/);
  const name = end === -1 ? below : below.slice(0, end);
  const rest = end === -1 ? "" : below.slice(end);
  const endpoint = directory.find(name.toLowerCase());
  if (endpoint === undefined) {
    throw new ServingError("ENDPOINT_NOT_FOUND", `There is no endpoint ${name.slice(0, 64)}.`, {
      field: "endpoint",
      got: name.slice(0, 64),
      hint: "hostler ml online-endpoint list shows those there are.",
    });
  }
  return { endpoint, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** @throws ServingError UNAUTHENTICATED */
export function checkKey(endpoint: LiveEndpoint, authorization: string | undefined): void {
  const isBearer = authorization !== undefined && /^bearer /i.test(authorization);
  if (isBearer && endpoint.admits(authorization.slice("bearer ".length).trim())) return;
  throw new ServingError("UNAUTHENTICATED", `Endpoint ${endpoint.name} asks for one of its keys.`, {
    field: "authorization",
    expected: "Bearer <key>",
    got: authorization === undefined ? "nothing" : "another key",
    hint: `hostler ml online-endpoint get-credentials -n ${endpoint.name} shows them.`,
  });
}

export interface Choice {
  readonly deployment: LiveDeployment;
  /** Gets a copy; null for most requests, and for all that name their deployment. */
  readonly mirror: LiveDeployment | null;
}

/** @throws ServingError DEPLOYMENT_NOT_FOUND */
export function chooseDeployment(endpoint: LiveEndpoint, pinned: string | undefined): Choice {
  if (pinned !== undefined) {
    const deployment = endpoint.deployment(pinned.toLowerCase());
    if (deployment !== undefined) return { deployment, mirror: null };
    throw new ServingError(
      "DEPLOYMENT_NOT_FOUND",
      `Endpoint ${endpoint.name} has no deployment ${pinned.slice(0, 64)}.`,
      { field: deploymentHeader, got: pinned.slice(0, 64) },
    );
  }
  const deployment = endpoint.next();
  if (deployment === null) {
    throw new ServingError(
      "DEPLOYMENT_NOT_FOUND",
      `No deployment of endpoint ${endpoint.name} has any traffic.`,
      {
        field: "traffic",
        expected: "a deployment with a share above 0",
        hint:
          `hostler ml online-endpoint update -n ${endpoint.name} --traffic "DEPLOYMENT=100" gives it some; ` +
          `the header ${deploymentHeader}: DEPLOYMENT calls one without.`,
      },
    );
  }
  return { deployment, mirror: endpoint.nextMirror() };
}

const scorePath = "/score";

/**
 * Path and query on the instance: `/score` stands for its scoring route, and what is below for what is below that; all
 * else is the instance's own path.
 */
export function targetOn({ scoring }: InstanceRoutes, path: string): string {
  if (scoring === scorePath || !/^\/score(?:[/?]|$)/.test(path)) return path;
  const below = path.slice(scorePath.length);
  return below.startsWith("/") && scoring.endsWith("/") ? scoring + below.slice(1) : scoring + below;
}

/** What a request is known by, on its way and back. */
export interface RequestIds {
  /** A GUID: the caller's own, if that is one. */
  readonly request: string;
  /** The caller's own name for it; null for none. */
  readonly client: string | null;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const longestClientId = 40;

export function idsOf({ headers }: IncomingMessage): RequestIds {
  const given = headers["x-request-id"];
  const client = headers["x-ms-client-request-id"];
  return {
    request: typeof given === "string" && guid.test(given) ? given : randomUUID(),
    client:
      typeof client === "string" && /^[A-Za-z0-9_-]+$/.test(client) ? client.slice(0, longestClientId) : null,
  };
}

/** The deployment that a caller names. */
export function pinnedBy({ headers }: IncomingMessage): string | undefined {
  const pinned = headers[deploymentHeader];
  return typeof pinned === "string" ? pinned : undefined;
}

/** The head of a request as an instance gets it. */
export function headersFor(request: IncomingMessage, { request: id, client }: RequestIds): string[] {
  const headers = forwardedHeaders(request.rawHeaders);
  headers.push("x-request-id", id);
  if (client !== null) headers.push("x-ms-client-request-id", client);
  return headers;
}
