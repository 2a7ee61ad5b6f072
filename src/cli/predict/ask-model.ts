import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { ServingError } from "../../contracts/serving-error.ts";
import { modelFromWire, type ModelSnapshot } from "../../contracts/snapshot.ts";
import { createClient, type ServerClient, timeoutHint } from "../client.ts";
import type { ClientOptions } from "../client-options.ts";
import type { Context } from "../framework/command.ts";
import { labelOf } from "../model-table.ts";
import { findModel, type ModelTarget, parseTarget } from "../model-target.ts";
import { findSample } from "../serve/find-sample.ts";
import { withServedFolder } from "./served-folder.ts";
import { bodyFromData, bodyFromFile, sampleBody } from "./request-body.ts";

export interface Asking {
  /** Name of a served model, or a folder. */
  readonly model: string;
  /** Exactly one of these three is given; none means a sample. */
  readonly file: string | undefined;
  readonly data: string | undefined;
  readonly client: ClientOptions;
  readonly python: string | undefined;
}

/** Sends one request and returns the server's answer as it came. */
export async function askModel(asking: Asking, context: Context): Promise<string> {
  if (!isFolder(asking.model)) {
    const target = parseTarget(asking.model);
    const client = createClient(asking.client);
    return await client.infer(
      target,
      await bodyFor(asking, context, () => lookUp(client, target, asking.client.timeoutMs)),
    );
  }
  const folder = resolve(context.cwd, asking.model);
  return await withServedFolder({ folder, python: asking.python }, context, async (url, model) => {
    const client = createClient({ ...asking.client, url });
    const sample = isSample(asking) ? await findSample(folder, model.name) : undefined;
    const body = sample ?? (await bodyFor(asking, context, () => Promise.resolve(model)));
    return await client.infer({ name: model.name, version: model.version }, body);
  });
}

/** A model's name has no slash: what has one, or is a dot, is a place. */
function isFolder(model: string): boolean {
  return model.includes("/") || model === "." || model === "..";
}

async function bodyFor(
  asking: Asking,
  { cwd }: Context,
  describe: () => Promise<ModelSnapshot>,
): Promise<string> {
  const { file, data } = asking;
  if (file !== undefined) return bodyFromFile(await read(file, cwd), file);
  const model = await describe();
  return data === undefined ? sampleBody(model) : bodyFromData(data, model);
}

function isSample({ file, data }: Asking): boolean {
  return file === undefined && data === undefined;
}

/** What the server says of the model. One that is being loaded is waited for, as a request would be. */
async function lookUp(client: ServerClient, target: ModelTarget, timeoutMs: number): Promise<ModelSnapshot> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { models } = await client.overview();
    const model = findModel(models.map(modelFromWire), target, client.url);
    if (model.inputs !== null || model.state !== "loading") return model;
    if (performance.now() > deadline) {
      throw new ServingError("DEADLINE_EXCEEDED", `${labelOf(model)} is still loading.`, {
        hint: timeoutHint,
      });
    }
    await delay(pollMs);
  }
}

const pollMs = 200;

async function read(file: string, cwd: string): Promise<string> {
  if (file === "-") return await readAll(process.stdin);
  try {
    return await readFile(resolve(cwd, file), "utf8");
  } catch (error) {
    const { message } = ServingError.from(error);
    const hint = "Name a file with a V2 request, or - for standard input.";
    throw new ServingError("INVALID_REQUEST", `The request cannot be read: ${message}`, {
      where: file,
      hint,
    });
  }
}
