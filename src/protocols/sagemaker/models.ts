import { ServingError } from "../../contracts/serving-error.ts";
import { prepareModel } from "../../core/hosting/registration.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import type { ContainerHost, ModelFinder, SagemakerContext } from "./context.ts";
import { decodeLoad, decodePage, queryOf } from "./decode.ts";
import { inContractWords, modelNotFound } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Requests are in snake_case and answers in camelCase: that is how the contract has it. */

/** Answers when the model serves. */
export async function load(
  { host }: SagemakerContext,
  finder: ModelFinder,
  exchange: Exchange,
): Promise<Answer> {
  const { name, url } = decodeLoad(await exchange.readBody());
  await register(host, finder, { name, url });
  return jsonAnswer({ status: "Workers scaled" });
}

/** @throws ServingError ALREADY_EXISTS, MODEL_NOT_FOUND, OUT_OF_MEMORY, MODEL_LOAD_FAILED */
export async function register(
  host: ContainerHost,
  finder: ModelFinder,
  { name, url }: { readonly name: string; readonly url: string },
): Promise<void> {
  try {
    if (host.has(name)) throw new ServingError("ALREADY_EXISTS", "", { model: name });
    const { spec, options } = await prepareModel(finder, { name, url, synchronous: true });
    await host.register(spec, options);
  } catch (error) {
    throw inContractWords(ServingError.from(error), name);
  }
}

export function list({ host }: SagemakerContext, { request }: Exchange): Promise<Answer> {
  const { models, nextToken } = host.list(decodePage(queryOf(request)));
  return Promise.resolve(
    jsonAnswer({
      models: models.map(({ name, url }) => ({ modelName: name, modelUrl: url })),
      ...(nextToken === null ? {} : { nextPageToken: String(nextToken) }),
    }),
  );
}

export async function describe({ host }: SagemakerContext, { name }: Exchange): Promise<Answer> {
  if (!host.has(name)) throw modelNotFound(name);
  const { url } = await host.describe(name);
  return jsonAnswer({ modelName: name, modelUrl: url });
}

/** Answers when the model's resources are back. */
export async function unload({ host }: SagemakerContext, { name }: Exchange): Promise<Answer> {
  if (!host.has(name)) throw modelNotFound(name);
  await host.unregister(name);
  return jsonAnswer({ status: `Model "${name}" unregistered` });
}
