import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Actor } from "../../core/ports/endpoint-operations.ts";
import { readBody } from "../http/body.ts";
import { Access } from "./access.ts";
import { BlobError } from "./blob/blob-error.ts";
import { type BlobReply, BlobService } from "./blob/blob-service.ts";
import { errorXml } from "./blob/blob-xml.ts";
import type { ArmCall, ArmContext, ArmReply } from "./context.ts";
import { armStatusOf, encodeArmError } from "./errors.ts";
import { handlers } from "./handlers.ts";
import { parseJson } from "./json.ts";
import { retryAfterMs } from "./operations.ts";
import { matchRoute, type RouteMatch } from "./route-table.ts";
import { assetPathOf, type BlobPlace, placeInPath } from "./storage.ts";

export type { ArmContext } from "./context.ts";

/** Descriptions of deployments and conda files; files come another way. */
const largestBody = 4 * 1024 * 1024;

/**
 * Puts Azure Resource Manager's routes for online endpoints on a listener, and beside them the storage service that
 * clients upload to. Takes every path of that listener: neither kind fits a router.
 */
export function registerArm(app: FastifyInstance, context: ArmContext): void {
  const access = new Access(context.adminKeySha256);
  const files = {
    pathOf: (container: string, key: string) => assetPathOf(context.assets, { container, key }),
  };
  const blobs = new BlobService(context.blobFolder, files, access);
  app.all("/*", (request, reply) => {
    const [path = ""] = request.url.split("?", 1);
    const place = placeInPath(request.host, path);
    return place === null
      ? answerArm({ context, access }, { request, reply, path })
      : answerBlob({ context, blobs }, place, { request, reply });
  });
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

interface Rooms {
  readonly context: ArmContext;
  readonly access: Access;
}

async function answerArm(
  { context, access }: Rooms,
  { request, reply, path }: Exchange & { readonly path: string },
): Promise<FastifyReply> {
  const id = randomUUID();
  let answer: ArmReply;
  reply.header("x-ms-request-id", id).header("x-ms-correlation-request-id", id);
  try {
    access.checkToken(request.raw);
    const match = matchRoute(request.method, path);
    answer = await handlers[match.route.operation](callOf({ context, access }, match, request));
  } catch (error) {
    letIn(request);
    const known = error instanceof BlobError ? new ServingError("INVALID_REQUEST", error.message) : error;
    return sendError(context, { request, reply }, ServingError.from(known));
  }
  return send(reply, answer);
}

function callOf({ context, access }: Rooms, { route, params }: RouteMatch, request: FastifyRequest): ArmCall {
  const param = (name: string): string => params.get(name) ?? "";
  return {
    context,
    route,
    param,
    scope: { subscription: param("subscription"), group: param("group"), workspace: param("workspace") },
    query: queryOf(request),
    origin: `${request.protocol}://${request.host}`,
    actor: actorOf(request),
    accessSignature: access.signature,
    body: async () => parseJson(String(await readBody(request.raw, largestBody))),
  };
}

function queryOf({ url }: FastifyRequest): URLSearchParams {
  return new URLSearchParams(url.split("?").slice(1).join("?"));
}

/** The client of Azure that asks, and its version. */
function actorOf({ headers }: FastifyRequest): Actor {
  const agent = headers["user-agent"] ?? "";
  const name = /azure-ai-ml\/\S+|azure-cli-ml\/\S+/.exec(agent)?.[0] ?? agent.split(" ", 1)[0] ?? "";
  return { name: name === "" ? "Azure Resource Manager" : name.slice(0, 80) };
}

function send(reply: FastifyReply, { status, body, operationUrl }: ArmReply): FastifyReply {
  if (operationUrl !== undefined) reply.header("azure-asyncoperation", operationUrl);
  if (operationUrl !== undefined || status === 202) reply.header("retry-after-ms", retryAfterMs);
  reply.code(status);
  if (body === null) return reply.send();
  return reply.header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}

function sendError(context: ArmContext, { request, reply }: Exchange, error: ServingError): FastifyReply {
  const status = armStatusOf(error);
  if (status === 500) context.logger.error("arm call failed", { url: request.url, err: error });
  const { allow, retryAfterS } = error.details;
  if (allow !== undefined) reply.header("allow", allow.join(", "));
  if (retryAfterS !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterS)));
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return send(reply, { status, body: encodeArmError(error) });
}

async function answerBlob(
  { context, blobs }: { readonly context: ArmContext; readonly blobs: BlobService },
  { container, key }: BlobPlace,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  reply.header("x-ms-request-id", randomUUID()).header("x-ms-version", "2024-11-04");
  let answer: BlobReply;
  try {
    answer = await blobs.answer({
      method: request.method,
      container: decodeURIComponent(container),
      key: decodeURIComponent(key),
      query: queryOf(request),
      raw: request.raw,
    });
  } catch (error) {
    letIn(request);
    const refused =
      error instanceof BlobError ? error : new BlobError(500, "InternalError", "It did not work.");
    if (refused.status === 500) context.logger.error("blob call failed", { url: request.url, err: error });
    return reply
      .code(refused.status)
      .header("x-ms-error-code", refused.code)
      .header("content-type", "application/xml")
      .send(errorXml(refused.code, refused.message));
  }
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}

/** What still comes of a refused body: a connection that is closed while its client sends takes the answer with it. */
function letIn({ raw }: FastifyRequest): void {
  if (!raw.complete) raw.resume();
}
