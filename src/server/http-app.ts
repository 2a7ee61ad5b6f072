import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fastify, type FastifyInstance } from "fastify";
import { ServingError } from "../contracts/serving-error.ts";
import { wantsTunnel } from "../protocols/http/upgrades.ts";
import { refuseEarly } from "./unknown-routes.ts";
import { maxHeaderBytes, refuseUnreadable } from "./unreadable-requests.ts";

export interface ListenerAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** Slow clients: a request has this long to arrive, its head this long. */
const requestTimeoutMs = 120_000;
const headersTimeoutMs = 15_000;
/** Longer than the idle time of the usual load balancers, so that they close first. */
const keepAliveTimeoutMs = 75_000;
const httpOptions = {
  headersTimeout: headersTimeoutMs,
  maxHeaderSize: maxHeaderBytes,
  noDelay: true,
  /** Only where somebody tunnels, and only what wants to be. */
  shouldUpgradeCallback(this: Server, request: IncomingMessage): boolean {
    return this.listenerCount("upgrade") > 0 && wantsTunnel(request);
  },
};

/** As PEM, or as the bytes of a PKCS #12 file; with what is negotiated, where that is not the usual. */
export type TlsIdentity = (
  | { readonly cert: string; readonly key: string }
  | { readonly pfx: Buffer; readonly passphrase: string }
) & { readonly ciphers?: string };

/**
 * A Fastify that leaves bodies alone: clients of inference servers send any content type, or none at all.
 *
 * @param rootPath path that a proxy serves this server under, which it may leave in the URL or take out
 * @param tls who the server is; null for plain HTTP
 */
export function createApp(rootPath = "", tls: TlsIdentity | null = null): FastifyInstance {
  const prefix = rootPath.replace(/\/+$/, "");
  const app = fastify({
    ...(tls === null ? {} : { serverFactory: secureServer(tls) }),
    logger: false,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: httpOptions,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    // Draining is ours: Fastify would answer 503 while calls that are in flight still have to be answered.
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // A path that cannot be decoded, or with a name longer than any can be, does not get as far as the routes.
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      refuseEarly(error, request.raw.url ?? "", reply.raw);
    },
    clientErrorHandler: refuseUnreadable,
    forceCloseConnections: false,
    rewriteUrl: ({ url = "/" }) => (prefix === "" ? url : withoutPrefix(url, prefix)),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => {
    done(null);
  });
  return app;
}

/** No route has a schema: Fastify's compilers for them would only be loaded, and take a tenth of the start. */
function noSchemas(): never {
  throw new Error("A route has a schema.");
}

function secureServer(tls: TlsIdentity): (handler: RequestListener) => Server {
  return (handler) => createSecureServer({ ...tls, ...httpOptions }, handler);
}

/** As in MLServer, paths are found with the prefix and without it. */
function withoutPrefix(url: string, prefix: string): string {
  const rest = url.startsWith(prefix) ? url.slice(prefix.length) : url;
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : url;
}

/** Listens; rejects with PORT_UNAVAILABLE in one sentence. Resolves with the URL. */
export async function listen(app: FastifyInstance, { host, port }: ListenerAddress): Promise<string> {
  try {
    await app.listen({ host, port, backlog: 4096 });
  } catch (error) {
    throw listenError(error, { host, port });
  }
  const address = app.server.address();
  return urlOf(host, isAddressInfo(address) ? address.port : port);
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

function urlOf(host: string, port: number): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${String(port)}`;
}

function listenError(error: unknown, { host, port }: ListenerAddress): ServingError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const address = `${host}:${String(port)}`;
  if (code === "EADDRINUSE") {
    return new ServingError(
      "PORT_UNAVAILABLE",
      `Port ${String(port)} of ${host} is taken by another program.`,
      {
        field: "port",
        got: String(port),
        where: address,
        hint: "Stop that program, or choose another port; 0 takes any free one.",
      },
    );
  }
  if (code === "EACCES") {
    return new ServingError("PORT_UNAVAILABLE", `Port ${String(port)} may not be listened on by this user.`, {
      where: address,
      hint: "Choose a port from 1024 up.",
    });
  }
  const { message } = ServingError.from(error);
  return new ServingError("PORT_UNAVAILABLE", `${address} cannot be listened on: ${message}`, {
    where: address,
  });
}
