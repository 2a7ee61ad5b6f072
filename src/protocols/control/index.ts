import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ControlOperation, controlRoutes } from "../../contracts/control/routes.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { ControlCall } from "./call.ts";
import type { ControlContext } from "./context.ts";
import { controlOperations } from "./documents.ts";
import { guard } from "./guards.ts";
import { type ControlAnswer, handlers } from "./handlers.ts";
import { controlOpenApi } from "./openapi.ts";
import { sendError, sendJson } from "./reply.ts";

export type { ControlContext } from "./context.ts";

/**
 * Puts the control API on a listener, and its guards before every route of that listener.
 *
 * @throws ServingError INVALID_SETTINGS for an address that other machines reach without a key
 */
export function registerControl(app: FastifyInstance, context: ControlContext): void {
  guard(app, context);
  // Made when it is asked for: few ask, and a restart has better things to do.
  app.get("/api/openapi.json", (_request, reply) =>
    sendJson(reply, 200, controlOpenApi(context.about().version)),
  );
  for (const operation of controlOperations) {
    const { method, path, status } = controlRoutes[operation];
    app.route({
      method,
      url: path,
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const answer = await answerOf(context, operation, request);
        return answer instanceof ServingError ? sendError(reply, answer) : send(reply, status, answer);
      },
    });
  }
}

async function answerOf(
  context: ControlContext,
  operation: ControlOperation,
  request: FastifyRequest,
): Promise<ControlAnswer | ServingError> {
  try {
    return await handlers[operation](context, new ControlCall(request));
  } catch (caught) {
    const error = ServingError.from(caught);
    if (error.fault === "bug") context.logger?.error("control operation failed", { operation, error });
    return error;
  }
}

function send(reply: FastifyReply, status: number, answer: ControlAnswer): FastifyReply {
  switch (answer.kind) {
    case "json":
      return sendJson(reply, status, answer.value);
    case "text":
      return reply.code(status).header("content-type", "text/plain; charset=utf-8").send(answer.text);
    case "empty":
      return reply.code(status).send();
  }
}
