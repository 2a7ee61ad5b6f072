import { ServingError } from "../../contracts/serving-error.ts";
import { registerModel, type RegistrationRequest } from "../../core/hosting/registration.ts";
import { checkAnnounced, collectBody } from "../http/body.ts";
import type { MmsContext } from "./context.ts";
import { missingParameter } from "./errors.ts";
import type { MmsExchange } from "./exchange.ts";
import { bodyParameters, type MmsParameters, queryParameters } from "./parameters.ts";
import { jsonReply, type MmsReply } from "./reply.ts";
import { defaultSetReply, describedModel, registeredReply, scaledReply, unregisteredReply } from "./words.ts";

/** The operations of the management API. All throw ServingErrors. */

const longestPage = 100;

export function listModels({ host }: MmsContext, { query }: MmsExchange): MmsReply {
  const parameters = queryParameters(query);
  const limit = parameters.integer("limit") ?? longestPage;
  const token = parameters.integer("next_page_token") ?? 0;
  const { models, nextToken } = host.list({
    limit: limit < 0 || limit > longestPage ? longestPage : limit,
    token: Math.max(0, token),
  });
  return jsonReply(200, {
    nextPageToken: nextToken === null ? undefined : String(nextToken),
    models: models.map(({ name, url }) => ({ modelName: name, modelUrl: url })),
  });
}

export async function registerOne(context: MmsContext, exchange: MmsExchange): Promise<MmsReply> {
  const { host, profile } = context;
  const order = await orderOf(context, exchange);
  // Before the archive is looked at: it may be large.
  if (order.name !== undefined && profile === "mms" && host.has(order.name)) {
    const text = `Model ${order.name} is already registered.`;
    throw new ServingError("ALREADY_EXISTS", text, { model: order.name });
  }
  return registeredReply(profile, await registerModel(context, order));
}

async function orderOf(context: MmsContext, exchange: MmsExchange): Promise<RegistrationRequest> {
  const { request, query } = exchange;
  checkAnnounced(request, context.maxRequestBytes);
  const body = await collectBody(request, context.maxRequestBytes);
  const mime = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const isJson = mime === "application/json";
  const parameters = isJson ? bodyParameters(body.toString()) : queryParameters(query);
  if (parameters.text("url") === "" && context.profile === "torchserve") {
    throw new ServingError("MODEL_NOT_FOUND", "Model not found at: ", { field: "url" });
  }
  return orderFrom(parameters, !isJson && context.responseTimeoutUnit === "minutes" ? 60_000 : 1000);
}

/** @param unitMs what one of `response_timeout` stands for */
function orderFrom(parameters: MmsParameters, unitMs: number): RegistrationRequest {
  const url = parameters.text("url");
  if (url === undefined || url === "") throw missingParameter("url");
  const timeout = parameters.integer("response_timeout");
  const startupTimeout = parameters.integer("startup_timeout");
  const workers = parameters.integer("initial_workers");
  return {
    url,
    name: named(parameters.text("model_name")),
    handler: named(parameters.text("handler")),
    runtime: named(parameters.text("runtime")),
    batchSize: parameters.integer("batch_size"),
    maxBatchDelayMs: parameters.integer("max_batch_delay"),
    responseTimeoutMs: timeout === undefined || timeout < 0 ? undefined : timeout * unitMs,
    startupTimeoutMs: startupTimeout === undefined ? undefined : Math.max(0, startupTimeout) * 1000,
    // Fewer than none are none.
    initialWorkers: workers === undefined ? undefined : Math.max(0, workers),
    synchronous: parameters.flag("synchronous"),
  };
}

function named(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

export async function describeModel(
  { host, profile }: MmsContext,
  model: string,
  version: string | null,
): Promise<MmsReply> {
  const description = describedModel(await host.describe(model, version));
  return jsonReply(200, profile === "torchserve" ? [description] : description);
}

export async function describeVersions({ host }: MmsContext, model: string): Promise<MmsReply> {
  return jsonReply(200, (await host.describeAll(model)).map(describedModel));
}

export async function scaleModel(
  { host, profile }: MmsContext,
  { query }: MmsExchange,
  { model, version }: { readonly model: string; readonly version: string | null },
): Promise<MmsReply> {
  const parameters = queryParameters(query);
  const minWorkers = parameters.integer("min_worker") ?? 1;
  const maxWorkers = parameters.integer("max_worker") ?? minWorkers;
  if (minWorkers < 0) throw ServingError.invalidField("min_worker", "0 or more", String(minWorkers));
  const synchronous = parameters.flag("synchronous") ?? false;
  const outcome = await host.scale(model, { minWorkers, maxWorkers, synchronous }, version);
  return scaledReply(profile, outcome, { model, version, workers: minWorkers });
}

export async function unregisterModel(
  { host }: MmsContext,
  model: string,
  version: string | null,
): Promise<MmsReply> {
  await host.unregister(model, version);
  return unregisteredReply(model);
}

export function setDefaultVersion({ host }: MmsContext, model: string, version: string): MmsReply {
  host.setDefault(model, version);
  return defaultSetReply(model, version);
}
