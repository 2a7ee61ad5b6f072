import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ControlContext } from "./context.ts";
import { sendError } from "./reply.ts";

type Guarded = Pick<ControlContext, "host" | "adminKeySha256">;

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const anyAddress: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);
/** Named one by one: whatever method there may be else can change something. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** What a browser says of a request that the page's own site makes, or that a person typed. */
const ownSites: ReadonlySet<string> = new Set(["same-origin", "none"]);

/**
 * Whoever reaches the control API can run code, so it answers nobody that a page in a browser could send: no foreign
 * name in `Host` (DNS rebinding), no foreign origin, and no body but JSON, which a form cannot send.
 *
 * @throws ServingError INVALID_SETTINGS for an address that other machines reach without a key
 */
export function guard(app: FastifyInstance, context: Guarded): void {
  const { host, adminKeySha256 } = context;
  if (adminKeySha256 === null && !isLoopback(host)) {
    throw new ServingError(
      "INVALID_SETTINGS",
      `The control plane at ${host} can be reached from other machines, and it has no key.`,
      {
        field: "host",
        got: host,
        hint: "Give it one with --admin-key-file, or use --host 127.0.0.1.",
      },
    );
  }
  app.addHook("onRequest", (request, reply, done) => {
    const refusal = refusalOf(request, context);
    if (refusal === null) {
      done();
      return;
    }
    if (refusal.code === "UNAUTHENTICATED") reply.header("www-authenticate", "Bearer");
    sendError(reply, refusal);
  });
}

function refusalOf(request: FastifyRequest, context: Guarded): ServingError | null {
  return (
    foreignHost(request, context.host) ??
    foreignOrigin(request) ??
    wrongContentType(request) ??
    wrongKey(request, context.adminKeySha256)
  );
}

function foreignHost({ headers }: FastifyRequest, boundTo: string): ServingError | null {
  const name = nameOf(headers.host ?? "");
  const isBound = name === boundTo.toLowerCase() || name === `[${boundTo.toLowerCase()}]`;
  // Every address of this machine is listened on: one of them is no name that somebody else could point here.
  const isAddress = anyAddress.has(boundTo) && isIP(name.replace(/^\[|\]$/g, "")) !== 0;
  if (loopbackNames.has(name) || isBound || isAddress) return null;
  return new ServingError("FORBIDDEN", `host: expected this machine's own name, got ${name.slice(0, 80)}`, {
    field: "host",
    expected: [...loopbackNames, boundTo].join(", "),
    got: name.slice(0, 80),
    hint: "Use the address that the control plane listens on.",
  });
}

/** Without the port, in lower case. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

function foreignOrigin({ method, headers }: FastifyRequest): ServingError | null {
  if (safeMethods.has(method)) return null;
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  const isOwnOrigin = origin === undefined || URL.parse(origin)?.host === headers.host?.toLowerCase();
  const isOwnSite = site === undefined || (typeof site === "string" && ownSites.has(site));
  if (isOwnOrigin && isOwnSite) return null;
  return new ServingError("FORBIDDEN", "Another site's page may not change anything here.", {
    field: isOwnOrigin ? "sec-fetch-site" : "origin",
    expected: "the control plane's own address, or none",
    got: String(isOwnOrigin ? site : origin).slice(0, 80),
  });
}

function wrongContentType({ headers }: FastifyRequest): ServingError | null {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (!hasBody || type === "application/json") return null;
  return new ServingError(
    "UNSUPPORTED_ENCODING",
    `content-type: expected application/json, got ${type ?? ""}`,
    {
      field: "content-type",
      expected: "application/json",
      got: type ?? "",
    },
  );
}

function wrongKey({ headers }: FastifyRequest, digest: string | null): ServingError | null {
  if (digest === null) return null;
  const key = /^Bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
  const given = createHash("sha256").update(key).digest();
  if (timingSafeEqual(given, Buffer.from(digest, "hex"))) return null;
  return new ServingError("UNAUTHENTICATED", "The control plane's key is missing or wrong.", {
    field: "authorization",
    expected: "Bearer <key>",
    hint: "Send the header: authorization: Bearer <key>; the command line takes it from HOSTLER_ADMIN_KEY.",
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
