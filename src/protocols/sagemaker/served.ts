import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { PayloadCodec } from "../../core/ports/payload-codec.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import type { InferenceEngine } from "../../core/serving/inference-engine.ts";
import { readBody } from "../http/body.ts";
import { type Answer, emptyAnswer } from "./answer.ts";
import { queryOf } from "./decode.ts";
import { modelNotFound } from "./errors.ts";
import { addRoute, type Exchange, type RequestNotes } from "./exchange.ts";
import { targetHeader } from "./headers.ts";
import { sagemakerRoutes as paths } from "./routes.ts";

/** What the routes for models of a served folder work with. */
export interface ServedContext {
  readonly engine: InferenceEngine;
  readonly codec: PayloadCodec;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
}

/**
 * Puts `/ping`, `/invocations` and `/models/{model}/invoke` on a listener, for the models of a folder that is served: any
 * client of SageMaker's contract can call them. Nothing is loaded or unloaded through these.
 */
export function registerServedModels(app: FastifyInstance, context: ServedContext): void {
  const { engine } = context;
  addRoute(app, context, {
    method: "GET",
    path: paths.ping,
    operation: () => Promise.resolve(emptyAnswer(engine.isReady ? 200 : 503)),
  });
  addRoute(app, context, {
    method: "POST",
    path: paths.invocations,
    operation: (exchange, notes) => infer(context, exchange, notes, targetOf(engine, exchange)),
  });
  addRoute(app, context, {
    method: "POST",
    path: paths.invoke,
    operation: (exchange, notes) => infer(context, exchange, notes, exchange.name),
  });
}

async function infer(
  { engine, codec, clock, maxBodyBytes, requestTimeoutMs }: ServedContext,
  { request, response }: Exchange,
  notes: RequestNotes,
  name: string,
): Promise<Answer> {
  const arrivedAt = clock.now();
  const bytes = await readBody(request, maxBodyBytes);
  if (engine.registry.versionsOf(name).length === 0) throw modelNotFound(name);
  const version = engine.resolve(name, null);
  notes.model = version;
  const { headers } = request;
  const open = codec.open(
    { contentType: headers["content-type"] ?? "", accept: headers.accept ?? null, bytes },
    { spec: version.spec, inputs: version.description?.inputs ?? null },
  );
  const deadlineMs = arrivedAt + Math.min(open.timeoutMs ?? requestTimeoutMs, requestTimeoutMs);
  const pending = engine.infer(version, { ...open.call, deadlineMs });
  // A caller that goes away takes its call with it; to one that has been answered this does nothing.
  response.once("close", () => {
    pending.cancel();
  });
  const { result, timing } = await pending.reply;
  notes.timing = timing;
  const { contentType, body } = open.write(result);
  return { status: 200, phrase: "", headers: ["content-type", contentType], body, error: null };
}

/** The model that the caller names, or the only one there is. */
function targetOf({ registry }: InferenceEngine, { request }: Exchange): string {
  const named = request.headers[targetHeader] ?? queryOf(request).get("model_name");
  if (typeof named === "string" && named !== "") return named;
  const names = new Set([...registry.versions()].map(({ spec }) => spec.name));
  const [only] = names;
  if (only !== undefined && names.size === 1) return only;
  throw new ServingError("INVALID_REQUEST", "Parameter model_name is required.", {
    field: "model_name",
    expected: `one of ${[...names].slice(0, 20).join(", ")}`,
    got: "nothing",
    hint: `Name the model in ?model_name= or in X-Amzn-SageMaker-Target-Model, or call /models/{model}/invoke.`,
  });
}
