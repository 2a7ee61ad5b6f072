import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "./answer.ts";
import type { SagemakerContext } from "./context.ts";
import { addRoute, type Exchange, type Operation } from "./exchange.ts";
import { targetHeader } from "./headers.ts";
import { invoke, invokeWith } from "./invoke.ts";
import { describe, list, load, unload } from "./models.ts";
import { sagemakerRoutes as paths } from "./routes.ts";
import { TargetModels } from "./target-models.ts";
import { acceptSockets } from "./websocket/sockets.ts";

export type { ContainerMode, SagemakerContext } from "./context.ts";

/**
 * Puts SageMaker's contract for containers on a listener: of one model, or of many that come and go. Its APIs have to be
 * on one port.
 */
export function registerSagemakerContainer(app: FastifyInstance, context: SagemakerContext): void {
  const add = (method: "GET" | "POST" | "DELETE", path: string, operation: Operation): void => {
    addRoute(app, context, { method, path, operation });
  };
  add("GET", paths.ping, () => Promise.resolve(ping(context)));
  add("GET", paths.executionParameters, () => Promise.resolve(jsonAnswer(context.executionParameters)));
  add("POST", paths.invocations, invocations(context));
  const { mode } = context;
  if (mode.kind === "single") {
    acceptSockets(app, {
      path: paths.stream,
      limitBytes: context.maxBodyBytes,
      admits: context.admits,
      invoke: (request) => context.host.invoke(mode.model, request),
    });
    return;
  }
  add("POST", paths.models, (exchange) => load(context, mode, exchange));
  add("GET", paths.models, (exchange) => list(context, exchange));
  add("GET", paths.model, (exchange) => describe(context, exchange));
  add("DELETE", paths.model, (exchange) => unload(context, exchange));
  add("POST", paths.invoke, (exchange) => invoke(context, exchange, exchange.name));
}

/**
 * One model has to be ready. Of many none need be there; but where models are to run and not one does, another container
 * would do better.
 */
function ping({ host, mode, isStopping }: SagemakerContext): Answer {
  if (isStopping()) return emptyAnswer(503);
  const isWell = mode.kind === "multi" || host.has(mode.model);
  return emptyAnswer(isWell && host.health !== "unhealthy" ? 200 : 503);
}

function invocations(context: SagemakerContext): Operation {
  const { mode } = context;
  if (mode.kind === "single") return (exchange) => invoke(context, exchange, mode.model);
  const targets = new TargetModels(context.host, mode);
  return async (exchange) => {
    const target = targetOf(exchange);
    // First of all: while it came, the model might have gone again.
    const body = await exchange.readBody();
    await targets.ready(target);
    return invokeWith(context, exchange, { model: target, body });
  };
}

function targetOf({ request }: Exchange): string {
  const target = request.headers[targetHeader];
  if (typeof target === "string" && target !== "") return target;
  throw new ServingError("INVALID_REQUEST", "/invocations: the request does not say which model it is for", {
    field: "X-Amzn-SageMaker-Target-Model",
    expected: "a model's archive or folder below the model store",
    got: "nothing",
    hint: "Name it in that header, or call /models/{model}/invoke.",
  });
}
