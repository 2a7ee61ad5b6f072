import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, HTTPMethods } from "fastify";
import { ServingError } from "../contracts/serving-error.ts";
import { encodeError, statusOf } from "../protocols/http/errors.ts";

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** A hint names so many paths at most. */
const mostPaths = 8;

/** JSON for what no route answers. Before any route is put on the app; the result closes the list of routes. */
export function answerUnknownRoutes(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  let isClosed = false;
  app.addHook("onRoute", ({ url, method }) => {
    if (isClosed) return;
    const all = known.get(url) ?? new Set();
    for (const one of [method].flat()) all.add(one);
    known.set(url, all);
  });
  app.setNotFoundHandler((request, reply) => answer(reply, unknownPath(request.url, hintOf(known))));
  app.setErrorHandler((error, _request, reply) => answer(reply, refusal(error)));
  return () => {
    isClosed = true;
    for (const [url, has] of known) refuseOtherMethods(app, url, has);
  };
}

function refuseOtherMethods(app: FastifyInstance, url: string, has: ReadonlySet<string>): void {
  const allow = methods.filter((method) => has.has(method) && method !== "HEAD");
  // OPTIONS is left to cross-origin requests.
  const method = methods.filter((one) => !has.has(one));
  if (allow.length === 0 || method.length === 0) return;
  app.route({ method, url, handler: (request, reply) => answer(reply, wrongMethod(request.method, allow)) });
}

/** JSON for what is refused before any route or handler sees it. */
export function refuseEarly(
  error: Error & { readonly code: string },
  url: string,
  response: ServerResponse,
): void {
  const refused =
    error.code === "FST_ERR_BAD_URL"
      ? ServingError.invalidField("path", "percent-encoded UTF-8", url.slice(0, 200))
      : unknownPath(url, null);
  const body = JSON.stringify(encodeError(refused));
  response.writeHead(statusOf[refused.code], {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** What Fastify itself refuses is the caller's fault; all else is ours. */
function refusal(error: unknown): ServingError {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  const isCallers = typeof status === "number" && status >= 400 && status < 500;
  return ServingError.from(error, isCallers ? "INVALID_REQUEST" : "INTERNAL");
}

function wrongMethod(method: string, allow: readonly string[]): ServingError {
  return new ServingError(
    "METHOD_NOT_ALLOWED",
    `Method ${method} is not allowed here: use ${allow.join(" or ")}.`,
    {
      field: "method",
      expected: allow.join(", "),
      got: method,
      allow,
    },
  );
}

function unknownPath(url: string, hint: string | null): ServingError {
  const path = url.split("?", 1)[0] ?? "";
  const message = `No such path: ${path.slice(0, 200)}`;
  return new ServingError("ROUTE_NOT_FOUND", message, hint === null ? {} : { hint });
}

/** Where the paths of this listener are told. */
function hintOf(known: ReadonlyMap<string, unknown>): string {
  if (known.has("/docs")) return "GET / lists the models, /docs the paths.";
  const paths = [...known.keys()];
  const document = paths.find((path) => path.endsWith("/openapi.json"));
  if (document !== undefined) return `GET ${document} has the paths.`;
  return `There are ${paths.slice(0, mostPaths).join(", ")}.`;
}

function answer(reply: FastifyReply, error: ServingError): FastifyReply {
  const { allow } = error.details;
  if (allow !== undefined) reply.header("allow", allow.join(", "));
  return reply
    .code(statusOf[error.code])
    .header("content-type", "application/json")
    .send(Buffer.from(JSON.stringify(encodeError(error))));
}
