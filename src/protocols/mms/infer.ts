import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { InvokeOutcome } from "../../core/hosting/hosted-call.ts";
import type { HandlerRequest } from "../../core/ports/handler-launcher.ts";
import { checkAnnounced, collectBody } from "../http/body.ts";
import { checkAnswerSize } from "../http/handler-head.ts";
import type { MmsContext } from "./context.ts";
import { missingParameter } from "./errors.ts";
import type { MmsExchange } from "./exchange.ts";
import { handlerRequestOf } from "./inputs.ts";
import { errorReply, itemReply, type MmsReply, problemReply } from "./reply.ts";
import type { InvokeRoute } from "./routes.ts";

/**
 * The hot path: hands a request to a model.
 *
 * @throws ServingError PAYLOAD_TOO_LARGE, INVALID_REQUEST, CANCELLED, MODEL_ERROR for an answer that cannot be sent
 */
export async function invoke(
  context: MmsContext,
  { request, response, query }: MmsExchange,
  route: InvokeRoute,
): Promise<MmsReply> {
  const body = await readBody(request, context.maxRequestBytes);
  const { "content-length": length, "content-type": contentType = "" } = request.headers;
  const received = handlerRequestOf({
    id: randomUUID(),
    rawHeaders: request.rawHeaders,
    contentType,
    hasLength: length !== undefined,
    query: route.takesQuery ? query : "",
    body,
  });
  const handlerRequest = received instanceof Promise ? await received : received;
  const model = route.model ?? modelOf(context, handlerRequest);
  // A connection that has closed while a form was taken apart will not say so again.
  if (response.destroyed) throw new ServingError("CANCELLED", "The caller went away.");
  const call = context.host.invoke(model, handlerRequest, route.version);
  // A caller that goes away takes its call with it; to one that has been answered this does nothing.
  response.once("close", () => {
    call.cancel();
  });
  return replyTo(context, await call.outcome);
}

function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  checkAnnounced(request, limit);
  return collectBody(request, limit);
}

/** The query or the form names the model; where neither does, it is the one that the server was started with. */
function modelOf({ host }: MmsContext, { inputs }: HandlerRequest): string {
  const named = inputs.find(({ name }) => name === "model_name")?.bytes;
  const model = named === undefined ? host.onlyStartupName : Buffer.from(named).toString();
  if (model === null || model === "") throw missingParameter("model_name");
  return model;
}

function replyTo({ maxResponseBytes }: MmsContext, outcome: InvokeOutcome): MmsReply {
  if (outcome.kind === "refused") return errorReply(outcome.error);
  if (outcome.kind === "failed") {
    const { status: code, type, message } = outcome;
    return { ...problemReply({ code, type, message }), error: new ServingError("MODEL_ERROR", message) };
  }
  checkAnswerSize(outcome.item, maxResponseBytes);
  return itemReply(outcome.item);
}
