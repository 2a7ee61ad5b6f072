import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { MmsContext } from "./context.ts";
import { answerMms, type MmsListener } from "./dispatch.ts";
import type { MmsApis } from "./routes.ts";

export type { MmsContext } from "./context.ts";

export interface MmsRegistration {
  readonly apis: MmsApis;
  /** Nobody has to be asked before a request is answered: the app has no hooks. */
  readonly isOpen: boolean;
}

/**
 * Puts Multi Model Server's APIs on a listener: one of them, or both where they share an address. Every path is theirs, but
 * for those that are put on the app beside them.
 */
export function registerMms(
  app: FastifyInstance,
  context: MmsContext,
  { apis, isOpen }: MmsRegistration,
): void {
  const listener = { context, apis };
  // Whoever asks first whether its body is taken need not send one that is too large.
  app.server.on("checkContinue", (request, response) => {
    if (Number(request.headers["content-length"] ?? 0) <= context.maxRequestBytes) response.writeContinue();
    app.server.emit("request", request, response);
  });
  const answer = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    void answerMms(listener, request.raw, reply.raw);
  };
  // Where other origins are allowed, their preflights have a route, which hands on whatever is none.
  const isTaken = (method: string): boolean => app.hasRoute({ method, url: "/*" });
  app.route({
    method: app.supportedMethods.filter((method) => !isTaken(method)),
    url: "/*",
    handler: answer,
  });
  app.setNotFoundHandler(answer);
  if (isOpen) takeCallsFirst(app, listener);
}

/** Calls of models do not go through the app's router, which would only find that they are for us. */
function takeCallsFirst(app: FastifyInstance, listener: MmsListener): void {
  app.server.removeAllListeners("request");
  app.server.on("request", (request, response) => {
    if (isCall(request.url ?? "")) void answerMms(listener, request, response);
    else app.routing(request, response);
  });
}

/** What may not be decodable is left to the router, which has an answer to it. */
function isCall(target: string): boolean {
  return (target.startsWith("/predictions/") || target.startsWith("/models/")) && !target.includes("%");
}
