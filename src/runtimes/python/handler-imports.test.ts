import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { HandlerLaunch } from "../../core/ports/handler-launcher.ts";
import { type HandlerImports, importsOf } from "./handler-imports.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hostler-imports-"));
  await mkdir(join(root, "model"));
});
afterEach(() => rm(root, { recursive: true }));

async function found(
  files: Readonly<Record<string, string>>,
  more: Partial<HandlerLaunch> = {},
): Promise<HandlerImports> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const imports = await importsOf({
    modelName: "m",
    modelFolder: join(root, "model"),
    handler: "h:handle",
    manifest: null,
    batchSize: 1,
    gpuId: null,
    decodesInput: false,
    variables: {},
    interpreter: "python3",
    ...more,
  });
  return { ...imports, modules: [...imports.modules].sort() };
}

it("finds the frameworks that a handler's files import, and nothing else", async () => {
  const files = {
    "model/h.py":
      "import os, json\nimport numpy as np\ndef f():\n    from sklearn.svm.deep import X\n# import xgboost",
    "model/code/inference.py": "from xgboost import Booster\njoblib = import_module('joblib')\n",
    "model/notes.txt": "import scipy",
    "other/h.py": "import scipy",
  };
  // What joblib reads is scikit-learn's.
  const expected = ["joblib", "numpy", "sklearn", "sklearn.svm", "xgboost"];
  expect(await found(files)).toEqual({ isBare: false, modules: expected });
});

it("looks where the handler lies", async () => {
  const handler = join(root, "server", "model_handler.py:handle");
  const files = { "server/model_handler.py": "import joblib" };
  expect(await found(files, { handler })).toEqual({ isBare: false, modules: ["joblib", "sklearn"] });
});

it("knows what the toolkit needs", async () => {
  const handler = "sagemaker_inference.default_handler_service";
  expect(await found({}, { handler })).toEqual({ isBare: false, modules: ["numpy"] });
});

it("leaves a model alone that brings packages of its own", async () => {
  const bare = { isBare: true, modules: [] };
  const files = { "model/h.py": "import numpy", "model/code/requirements.txt": "numpy==1.0" };
  expect(await found(files)).toEqual(bare);
  expect(await found(files, { installsRequirements: false })).toEqual({ isBare: false, modules: ["numpy"] });
  expect(await found({ "model/code/sklearn/__init__.py": "" }, { installsRequirements: false })).toEqual(
    bare,
  );
});

it("finds nothing in a folder that is not there", async () => {
  expect(await found({}, { modelFolder: join(root, "nowhere") })).toEqual({ isBare: false, modules: [] });
});
