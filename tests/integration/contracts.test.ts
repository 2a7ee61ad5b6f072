import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import type { ModelSpec } from "../../src/core/models/model-spec.ts";
import type { Batch } from "../../src/core/scheduling/batch.ts";
import { modelSourceContract } from "../../src/core/testing/model-source-contract.ts";
import { runtimeContract } from "../../src/core/testing/runtime-contract.ts";
import { Environment } from "../../src/repositories/mlserver/environment.ts";
import { MlserverRepository } from "../../src/repositories/mlserver/repository.ts";
import { PythonRuntime } from "../../src/runtimes/python/python-runtime.ts";
import { systemClock } from "../../src/server/system-clock.ts";
import { Cleanup } from "../support/cleanup.ts";
import { repositoryOf } from "../support/models.ts";
import { pythonInterpreter } from "../support/paths.ts";
import { ProcessTree } from "../support/processes.ts";

const cleanup = new Cleanup();
const processes = new ProcessTree();
let folder: string;

beforeAll(async () => {
  const repository = await repositoryOf("logreg", "line@v1", "line@v2", "plain");
  cleanup.add(repository.remove);
  cleanup.add(() => processes.expectNone(2_000));
  folder = repository.path;
  await rm(join(folder, "plain", "model.joblib"));
  await writeFile(join(folder, "plain", "model.joblib"), "no pickle at all");
});

afterAll(() => cleanup.run());

async function source(root: string): Promise<MlserverRepository> {
  const environment = await Environment.read(root, {});
  const settings = { pinnedModels: [], trustedFolders: [], versionPolicy: "natural" } as const;
  return new MlserverRepository({ root, environment, settings });
}

/** Rows of eight doubles. */
function batchOf(rows: number, columns: number): Batch {
  const bytes = new Uint8Array(new Float64Array(rows * columns).fill(0.5).buffer);
  const tensor = {
    name: "x",
    datatype: "FP64",
    shape: [rows, columns],
    data: { encoding: "binary", bytes },
  } as const;
  return { calls: 1, rows, payload: { kind: "tensors", tensors: [tensor] }, outputs: null, parameters: null };
}

describe("PythonRuntime", () => {
  runtimeContract(async () => {
    const ignore = (): void => undefined;
    const { specs } = await (await source(folder)).list();
    const named = (name: string): ModelSpec => {
      const spec = specs.find((one) => one.name === name);
      if (spec === undefined) throw new Error(`There is no ${name} in ${folder}.`);
      return spec;
    };
    return {
      runtime: new PythonRuntime({
        interpreter: pythonInterpreter(),
        workers: 2,
        environment: { ...process.env, ...processes.environment },
        clock: systemClock,
        logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        onRestart: ignore,
      }),
      spec: named("logreg"),
      goodBatch: (rows) => batchOf(rows, 8),
      badBatch: batchOf(1, 3),
      brokenSpec: named("plain"),
      until: (promise) => promise,
    };
  });
});

describe("MlserverRepository", () => {
  modelSourceContract(async () => {
    const repository = await repositoryOf("logreg", "line@v1", "line@v2", "xgb");
    cleanup.add(repository.remove);
    await rm(join(repository.path, "xgb", "model.json"));
    return {
      source: await source(repository.path),
      labels: ["logreg", "line@v1", "line@v2"],
      broken: ["xgb"],
    };
  });
});
