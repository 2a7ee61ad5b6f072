import type { IncomingMessage, ServerResponse } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HostHealth } from "../../core/hosting/hosted-model-spec.ts";
import type { MmsContext } from "./context.ts";
import { noSuchMethod, noSuchPath } from "./errors.ts";
import type { MmsExchange } from "./exchange.ts";
import { invoke } from "./infer.ts";
import * as management from "./management.ts";
import { describeApi, describePrediction } from "./openapi.ts";
import { errorReply, jsonReply, type MmsReply, sendReply, statusReply } from "./reply.ts";
import { type MmsApis, type MmsRoute, routeOf } from "./routes.ts";

/** What a listener speaks. */
export interface MmsListener {
  readonly context: MmsContext;
  readonly apis: MmsApis;
}

/** Answers a request to one of Multi Model Server's listeners. Always answers; never rejects. */
export async function answerMms(
  listener: MmsListener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { context, apis } = listener;
  const { clock, observer } = context;
  const startedAt = clock.now();
  observer.started();
  const exchange = exchangeOf(request, response);
  const route = routeOf({ apis, profile: context.profile }, request.method ?? "GET", exchange.path);
  let reply: MmsReply;
  let bytesOut: number;
  try {
    reply = await operate(listener, exchange, route);
    const sent = sendReply({ request, response, clock }, reply);
    bytesOut = typeof sent === "number" ? sent : await sent;
  } catch (error) {
    reply = errorReply(ServingError.from(error));
    const sent = sendReply({ request, response, clock }, reply);
    bytesOut = typeof sent === "number" ? sent : await sent;
  }
  observer.ended({
    protocol: "mms",
    method: request.method ?? "GET",
    route: templateOf(route),
    status: reply.status,
    code: reply.error?.code ?? null,
    model: null,
    requestedVersion: null,
    requestId: null,
    bytesIn: Number(request.headers["content-length"] ?? 0),
    bytesOut,
    timing: null,
    totalMs: clock.now() - startedAt,
    error: reply.error,
  });
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): MmsExchange {
  const target = request.url ?? "/";
  const at = target.indexOf("?");
  if (at === -1) return { request, response, path: target, query: "" };
  return { request, response, path: target.slice(0, at), query: target.slice(at + 1) };
}

function operate(
  { context, apis }: MmsListener,
  exchange: MmsExchange,
  route: MmsRoute,
): MmsReply | Promise<MmsReply> {
  switch (route.operation) {
    case "invoke":
      return invoke(context, exchange, route);
    case "ping":
      return pingReply(context.host.health);
    case "describe-api":
      return jsonReply(200, describeApi(apis));
    case "describe-model":
      return describePrediction(context, route.model);
    case "list":
      return management.listModels(context, exchange);
    case "register":
      return management.registerOne(context, exchange);
    case "describe":
      return management.describeModel(context, route.model, route.version);
    case "describe-all":
      return management.describeVersions(context, route.model);
    case "scale":
      return management.scaleModel(context, exchange, route);
    case "unregister":
      return management.unregisterModel(context, route.model, route.version);
    case "set-default":
      return management.setDefaultVersion(context, route.model, route.version);
    case "no-such-method":
      throw noSuchMethod();
    case "no-such-path":
      throw noSuchPath();
  }
}

/** A server whose models all want workers and have none says so by its status, too: a probe reads nothing else. */
function pingReply(health: HostHealth): MmsReply {
  switch (health) {
    case "healthy":
      return statusReply(200, "Healthy");
    case "partial":
      return statusReply(200, "Partial Healthy");
    case "unhealthy":
      return statusReply(503, "Unhealthy");
  }
}

const templates: Readonly<Record<Exclude<MmsRoute["operation"], "invoke">, string>> = {
  ping: "/ping",
  "describe-api": "/api-description",
  "describe-model": "/predictions/:model",
  list: "/models",
  register: "/models",
  describe: "/models/:model",
  scale: "/models/:model",
  unregister: "/models/:model",
  "describe-all": "/models/:model/all",
  "set-default": "/models/:model/:version/set-default",
  "no-such-method": "(no such method)",
  "no-such-path": "(no such path)",
};

function templateOf(route: MmsRoute): string {
  return route.operation === "invoke" ? route.template : templates[route.operation];
}
