import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSnapshot } from "../../contracts/snapshot.ts";
import type { RunningServer } from "../../server/index.ts";
import type { Context } from "../framework/command.ts";
import { labelOf } from "../model-table.ts";
import { version } from "../version.ts";

/** Serves a folder on loopback for as long as one question takes. */
export async function withServedFolder<Answer>(
  { folder, python }: { readonly folder: string; readonly python: string | undefined },
  { environment, cwd }: Context,
  ask: (url: string, model: ModelSnapshot) => Promise<Answer>,
): Promise<Answer> {
  const { startServer } = await import("../../server/index.ts");
  const flags = {
    host: "127.0.0.1",
    httpPort: "0",
    metricsEndpoint: "",
    logLevel: "error",
    lazy: false,
    python,
  };
  const server = await startServer({ folder, flags, variables: environment, cwd, version: version() });
  try {
    return await ask(server.url, await onlyModel(server, folder));
  } finally {
    await server.stop();
  }
}

async function onlyModel(server: RunningServer, folder: string): Promise<ModelSnapshot> {
  const models = await server.loaded;
  const [model] = models.filter(({ isDefault }) => isDefault);
  const names = new Set(models.map(({ name }) => name));
  const [problem] = server.problems;
  if (names.size === 0 && problem !== undefined) {
    const { name, where, reason } = problem;
    throw new ServingError("MODEL_LOAD_FAILED", `${name}: ${reason}`, { model: name, where });
  }
  if (model === undefined || names.size > 1) {
    const found = names.size === 0 ? "no model" : `${String(names.size)} models: ${[...names].join(", ")}`;
    throw new ServingError("MODEL_NOT_FOUND", `${folder} holds ${found}.`, {
      hint: "Name the folder of one model: the one with its model-settings.json.",
    });
  }
  if (model.reason === null) return model;
  throw new ServingError("MODEL_LOAD_FAILED", `${labelOf(model)}: ${model.reason}`, { model: model.name });
}
