import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelVersion } from "../../core/models/model-version.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import type { CallTiming } from "../../core/scheduling/inference-call.ts";
import { checkAnnounced, collectBody, endReply } from "../http/body.ts";
import { leaveUnread, sendPieces } from "../http/pieces.ts";
import { type Answer, errorAnswer } from "./answer.ts";

/** One request and what it is about. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The model that the path names, decoded; empty where it names none. */
  readonly name: string;
  /** @throws ServingError PAYLOAD_TOO_LARGE, CANCELLED */
  readonly readBody: () => Promise<Buffer>;
}

/** What an operation finds out on its way, for the access log and the metrics. */
export interface RequestNotes {
  model: ModelVersion | null;
  timing: CallTiming | null;
}

export type Operation = (exchange: Exchange, notes: RequestNotes) => Promise<Answer>;

/** What every route needs. */
export interface RouteContext {
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly maxBodyBytes: number;
}

export interface Route {
  readonly method: HTTPMethods;
  readonly path: string;
  readonly operation: Operation;
}

/** Puts a route on a listener: its operation answers or throws, and the answer is observed. */
export function addRoute(app: FastifyInstance, context: RouteContext, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: (request: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack();
      void answer(context, route, exchangeOf(context, request, reply));
    },
  });
}

function exchangeOf(context: RouteContext, request: FastifyRequest, reply: FastifyReply): Exchange {
  const { raw } = request;
  return {
    request: raw,
    response: reply.raw,
    name: nameIn(request.params),
    readBody: () => {
      checkAnnounced(raw, context.maxBodyBytes);
      return collectBody(raw, context.maxBodyBytes);
    },
  };
}

function nameIn(parameters: unknown): string {
  if (typeof parameters !== "object" || parameters === null) return "";
  const name: unknown = Reflect.get(parameters, "name");
  return typeof name === "string" ? name : "";
}

async function answer(
  context: RouteContext,
  { method, path, operation }: Route,
  exchange: Exchange,
): Promise<void> {
  const { clock, observer } = context;
  const startedAt = clock.now();
  observer.started();
  const notes: RequestNotes = { model: null, timing: null };
  let given: Answer;
  let bytesOut: number;
  try {
    given = await operation(exchange, notes);
    bytesOut = await send(context, exchange, given);
  } catch (error) {
    given = errorAnswer(ServingError.from(error));
    bytesOut = await send(context, exchange, given);
  }
  const { request } = exchange;
  observer.ended({
    protocol: "sagemaker",
    method: method.toString(),
    route: path,
    status: given.status,
    code: given.error?.code ?? null,
    model: notes.model,
    requestedVersion: null,
    requestId: null,
    bytesIn: Number(request.headers["content-length"] ?? 0),
    bytesOut,
    timing: notes.timing,
    totalMs: clock.now() - startedAt,
    error: given.error,
  });
}

/** One write where the body is whole: head and body leave together. The bytes of the body. */
function send(
  { clock }: RouteContext,
  { request, response }: Exchange,
  given: Answer,
): number | Promise<number> {
  const { status, phrase, headers, body } = given;
  if (response.destroyed) {
    void leaveUnread(body);
    return 0;
  }
  // There is no body with a 204, and must be no length.
  const isWhole = body instanceof Uint8Array;
  const length = status === 204 || !isWhole ? [] : ["content-length", String(body.byteLength)];
  // What is still to come of this body could not be told from the next request.
  const closing = request.complete ? [] : ["connection", "close"];
  const all = [...headers, ...length, ...closing];
  if (phrase === "") response.writeHead(status, all);
  else response.writeHead(status, phrase, all);
  if (!isWhole) return sendPieces(response, body);
  endReply({ request, response, clock }, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  return body.byteLength;
}
