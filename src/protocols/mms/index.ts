import type { FastifyInstance } from "fastify";
import type { MmsContext } from "./context.ts";
import { answerMms } from "./dispatch.ts";
import type { MmsApis } from "./routes.ts";

export type { MmsContext } from "./context.ts";
export type { MmsApis } from "./routes.ts";

/**
 * Puts Multi Model Server's APIs on a listener: one of them, or both where they share an address. Every path is theirs, but
 * for those that are put on the app beside them.
 */
export function registerMms(app: FastifyInstance, context: MmsContext, apis: MmsApis): void {
  // Whoever asks first whether its body is taken need not send one that is too large.
  app.server.on("checkContinue", (request, response) => {
    if (Number(request.headers["content-length"] ?? 0) <= context.maxRequestBytes) response.writeContinue();
    app.server.emit("request", request, response);
  });
  app.all("/*", (request, reply) => {
    reply.hijack();
    void answerMms({ context, apis }, request.raw, reply.raw);
  });
}
