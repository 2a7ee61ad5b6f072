import type { ServingError } from "../../contracts/serving-error.ts";
import { checkAnswerSize } from "../http/handler-head.ts";
import { type Answer, errorAnswer, failureAnswer, itemAnswer } from "./answer.ts";
import type { SagemakerContext } from "./context.ts";
import { handlerRequest } from "./decode.ts";
import { callerLeft, inContractWords, modelNotFound } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Sends a request to a model that is loaded, and gives its answer. */
export async function invoke(context: SagemakerContext, exchange: Exchange, model: string): Promise<Answer> {
  if (!context.host.has(model)) throw modelNotFound(model);
  return invokeWith(context, exchange, { model, body: await exchange.readBody() });
}

/** The same for a request whose body is here; nothing comes between finding the model and calling it. */
export async function invokeWith(
  { host, maxResponseBytes }: SagemakerContext,
  { request, response }: Exchange,
  { model, body }: { readonly model: string; readonly body: Buffer },
): Promise<Answer> {
  // Something was waited for: a connection that has closed meanwhile will not say so again.
  if (response.destroyed) throw callerLeft();
  const call = host.invoke(model, handlerRequest(request, body));
  // A caller that goes away takes its call with it; to one that has been answered this does nothing.
  response.once("close", () => {
    call.cancel();
  });
  const outcome = await call.outcome;
  switch (outcome.kind) {
    case "answered":
      checkAnswerSize(outcome.item, maxResponseBytes);
      return itemAnswer(outcome.item);
    case "failed":
      return failureAnswer(outcome);
    case "refused":
      return errorAnswer(refusal(outcome.error, model));
  }
}

function refusal(error: ServingError, model: string): ServingError {
  return error.code === "MODEL_NOT_FOUND" ? modelNotFound(model) : inContractWords(error, model);
}
