import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ServerSettings } from "../contracts/settings.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Clock } from "../core/ports/clock.ts";
import { endReply } from "../protocols/http/body.ts";
import { encodeError, statusOf } from "../protocols/http/errors.ts";
import { hasOwnAccess } from "../protocols/http/own-access.ts";

/** Probes carry no keys, and tell nothing but that the server is there. */
const openRoutes: ReadonlySet<string> = new Set(["/v2/health/live", "/v2/health/ready", "/ping"]);

/** Asks every route but the health probes for a key, where keys are configured. Deny is the default: one hook, all routes. */
export function requireKeys(app: FastifyInstance, hashes: readonly string[], clock: Clock): void {
  if (hashes.length === 0) return;
  const admits = keyCheck(hashes);
  app.addHook("onRequest", (request, reply, done) => {
    if (isOpen(request) || admits(request.headers.authorization)) {
      done();
      return;
    }
    const error = new ServingError("UNAUTHENTICATED", "The key is missing or wrong.", {
      field: "authorization",
      expected: "Bearer <key>",
      hint: "Send the header: authorization: Bearer <key>.",
    });
    reply.hijack();
    const body = Buffer.from(JSON.stringify(encodeError(error)));
    reply.raw.writeHead(statusOf[error.code], {
      "www-authenticate": "Bearer",
      "content-type": "application/json",
      "content-length": body.byteLength,
    });
    endReply({ request: request.raw, response: reply.raw, clock }, body);
  });
}

/** Whether a header carries one of these keys; everybody is let in where there are none. For what hooks do not see. */
export function keyCheck(hashes: readonly string[]): (authorization: string | undefined) => boolean {
  const known = hashes.map((hash) => Buffer.from(hash, "hex"));
  return (authorization) => known.length === 0 || isKnown(keyOf(authorization), known);
}

/** Endpoints have keys of their own, and ask for them. */
const endpointRoutes = "/endpoints/";
const anyRoute = "/*";

function isOpen(request: FastifyRequest): boolean {
  const route = request.routeOptions.url ?? "";
  // A protocol that finds its paths itself has one route for all of them.
  const isProbe = route === anyRoute && openRoutes.has(request.url.split("?", 1)[0] ?? "");
  return (
    openRoutes.has(route) ||
    route.startsWith(endpointRoutes) ||
    isProbe ||
    hasOwnAccess(request.routeOptions.config)
  );
}

function keyOf(authorization: string | undefined): string {
  return /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1] ?? "";
}

/** Digests of equal length are compared in constant time; all of them, so that their number tells nothing either. */
function isKnown(key: string, known: readonly Buffer[]): boolean {
  const digest = createHash("sha256").update(key).digest();
  return known.reduce((found, hash) => timingSafeEqual(hash, digest) || found, false) && key !== "";
}

/** Off loopback without keys the server does not start, unless it is told to. */
export function checkExposure({ host, apiKeySha256, insecureNoAuth }: ServerSettings, origin: string): void {
  if (isLoopback(host) || apiKeySha256.length > 0 || insecureNoAuth) return;
  throw new ServingError(
    "INVALID_SETTINGS",
    `host ${host} (${origin}) can be reached from other machines, and no key is set.`,
    {
      field: "host",
      expected: "a loopback address, or keys",
      got: host,
      where: origin,
      hint: "Set keys (--api-key-file or HOSTLER_API_KEY), or say --insecure-no-auth, or use --host 127.0.0.1.",
    },
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
