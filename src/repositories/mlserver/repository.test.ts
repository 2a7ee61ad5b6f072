import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelSourceContract } from "../../core/testing/model-source-contract.ts";
import { folderWith, put } from "../testing/folder.ts";
import type { Variables } from "./environment.ts";
import {
  labels,
  list,
  model,
  openRepository,
  printed,
  sklearn,
  versioned,
  xgboost,
} from "./testing/repository.ts";

modelSourceContract(async () => {
  const folder = await folderWith({
    ...model("plain"),
    ...versioned("models/a", "a", "v1"),
    ...versioned("models/a-new", "a", "v2"),
    ...model("odd name"),
    "broken/model-settings.json": "{",
  });
  return {
    source: openRepository(folder),
    labels: ["plain", "a@v1", "a@v2"],
    broken: ["odd name", "broken"],
  };
});

describe("list", () => {
  it("reads the files of the multi-model example", async () => {
    const parameters = { version: "v0.1.0" };
    const folder = await folderWith({
      "models/mnist-svm/model-settings.json": { name: "mnist-svm", implementation: sklearn, parameters },
      "models/mnist-svm/model.joblib": "",
      "models/mushroom-xgboost/model-settings.json": {
        name: "mushroom-xgboost",
        implementation: xgboost,
        parameters,
      },
      "models/mushroom-xgboost/model.json": "",
    });
    const { specs, problems, notices } = await openRepository(folder).list();
    expect({ problems, notices }).toEqual({ problems: [], notices: [] });
    expect(specs).toEqual([
      {
        name: "mnist-svm",
        version: "v0.1.0",
        runtime: "sklearn",
        artifact: join(folder, "models/mnist-svm/model.joblib"),
        artifactBytes: 0,
        folder: join(folder, "models/mnist-svm"),
        origin: "models/mnist-svm/model-settings.json",
        interpreter: null,
        batching: { maxCalls: 0, maxWaitMs: 0 },
        pinned: false,
        extra: {},
        metadata: { platform: "", versions: [], inputs: [], outputs: [], parameters: {} },
      },
      expect.objectContaining({
        name: "mushroom-xgboost",
        runtime: "xgboost",
        artifact: join(folder, "models/mushroom-xgboost/model.json"),
        artifactBytes: 0,
      }),
    ]);
  });

  it("honours what a model's settings say", async () => {
    const tensor = {
      name: "x",
      datatype: "FP32",
      shape: [-1, "2"],
      parameters: { content_type: "np" },
      more: 1,
    };
    const settings = {
      name: "full",
      platform: "sklearn",
      versions: ["sklearn/1.9"],
      inputs: [tensor],
      outputs: [{ name: "y", datatype: "INT64", shape: [], parameters: null }],
      max_batch_size: "8",
      max_batch_time: 0.25,
      warm_workers: true,
      parameters: { version: "2", content_type: "np", extra: { predict_fn: "decision_function" }, own: 1 },
    };
    const { specs, notices } = await list(model("m", settings), { settings: { pinnedModels: ["full@2"] } });
    expect(notices).toEqual([]);
    expect(specs).toMatchObject([
      {
        version: "2",
        batching: { maxCalls: 8, maxWaitMs: 250 },
        pinned: true,
        extra: { predict_fn: "decision_function" },
        metadata: {
          platform: "sklearn",
          versions: ["sklearn/1.9"],
          inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2], parameters: { content_type: "np" } }],
          outputs: [{ name: "y", datatype: "INT64", shape: [] }],
          parameters: { content_type: "np" },
        },
      },
    ]);
  });

  it("names a model after its folder where the file does not", async () => {
    expect(labels(await list({ ...model("deep/er/iris"), ...model("b", { name: "" }) }))).toEqual([
      "b",
      "iris",
    ]);
  });

  it("reports what is broken, with its place, and serves the rest", async () => {
    const listing = await list({
      ...model("good"),
      "a/model-settings.json": '{\n  "name": "a"\n  "implementation": "x"\n}',
      "b/model-settings.json": '{\n  "name": "b"\n}',
      "c/model-settings.json": { implementation: "mlserver_sklearn.SKLearnModels" },
      "d/model-settings.json": { implementation: "models.Custom" },
      "e/model-settings.json": { implementation: sklearn },
      "f/model-settings.json": { implementation: sklearn, parameters: { uri: "./gone.joblib" } },
      "g/model-settings.json": { implementation: sklearn, parameters: { uri: "s3://bucket/model" } },
      ...model("h", { name: "../up" }),
      ...model("i", { parameters: { version: 1 } }),
      ...model("j", { parameters: { version: "a/b" } }),
      ...model("k", { inputs: [{ name: "x", datatype: "fp32", shape: [1] }] }),
      ...model("l", { inputs: [{ name: "x", datatype: "FP32", shape: ["x"] }] }),
      ...model("m", { max_batch_size: "many" }),
      ...model("n", { parameters: { environment_path: "/nowhere" } }),
      "o/model-settings.json": [],
      ...model("p q"),
    });
    expect(labels(listing)).toEqual(["good"]);
    const folder = /\((\/.*)\/e\)/.exec(printed(listing))?.[1] ?? "";
    expect(printed(listing).replaceAll(folder, "…")).toMatchInlineSnapshot(`
      "
      a: a/model-settings.json:3:3: not JSON: expected "," or "}", got a string
        A comma is missing before it.
      b: b/model-settings.json:1:1: implementation: it is missing
        Name one of mlserver_sklearn.SKLearnModel, mlserver_xgboost.XGBoostModel.
      c: c/model-settings.json:2:21: implementation: "mlserver_sklearn.SKLearnModels" is not one that this version of hostler runs
        Did you mean mlserver_sklearn.SKLearnModel? It runs mlserver_sklearn.SKLearnModel, mlserver_xgboost.XGBoostModel.
      d: d/model-settings.json:2:21: implementation: "models.Custom" is not one that this version of hostler runs
        It runs mlserver_sklearn.SKLearnModel, mlserver_xgboost.XGBoostModel.
      e: e/model-settings.json:1:1: Invalid URI specified for model e (…/e)
        The folder has none of model.joblib, model.pickle, model.pkl: put one there, or name the file in parameters.uri.
      f: f/model-settings.json:4:12: Invalid URI specified for model f (…/f/gone.joblib)
        There is no file or folder that can be read.
      g: g/model-settings.json:4:12: parameters.uri: models are read from files, got "s3://bucket/model"
        Copy the model into its folder, and leave uri out or give its path.
      ../up: h/model-settings.json:3:11: name: expected 1 to 128 letters, digits, dots, underscores, pluses or hyphens, the first a letter or digit, got "../up"
        
      i: i/model-settings.json:4:16: parameters.version: expected a string or null, got 1
        Write "1".
      j: j/model-settings.json:4:16: parameters.version: expected 1 to 128 letters, digits, dots, underscores, pluses or hyphens, the first a letter or digit, got "a/b"
        
      k: k/model-settings.json:6:19: inputs[0].datatype: expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES, got "fp32"
        
      l: l/model-settings.json:7:16: inputs[0].shape: expected a list of whole numbers, got ["x"]
        
      m: m/model-settings.json:3:21: max_batch_size: expected a whole number, got "many"
        
      n: n/model-settings.json:4:25: parameters.environment_path: no Python in /nowhere
        Name the folder of an environment, the one that holds bin/python.
      o: o/model-settings.json:1:1: expected an object, got []
        
      p q: p q/model-settings.json:1:1: name: it is missing, and the folder's cannot stand in: "p q"
        A name has 1 to 128 letters, digits, dots, underscores, pluses or hyphens, the first a letter or digit.
      "
    `);
  });

  it("serves the first of two files that describe the same version", async () => {
    const listing = await list({
      ...versioned("m copy", "m", "1"),
      ...versioned("m", "m", "1"),
      ...versioned("m.bak/m", "m", "2"),
    });
    expect(labels(listing)).toEqual(["m@1", "m@2"]);
    expect(listing.specs[0]?.origin).toBe("m/model-settings.json");
    expect(printed(listing)).toMatchInlineSnapshot(`
      "
      m: m copy/model-settings.json: describes m@1, as m/model-settings.json does, which is served
        Give one of them another name or another parameters.version.
      "
    `);
  });

  it("fails where the folder has gone", async () => {
    const folder = await folderWith(model("m"));
    const repository = openRepository(folder);
    await repository.list();
    await rm(folder, { recursive: true });
    await expect(repository.list()).rejects.toMatchObject({ code: "INVALID_SETTINGS" });
  });
});

describe("find", () => {
  it("finds what was there before the first look", async () => {
    const repository = openRepository(await folderWith(versioned("x/a", "m", "1")));
    expect(labels(await repository.find("m"))).toEqual(["m@1"]);
  });

  it("finds a new model under its own name, wherever others lie", async () => {
    const folder = await folderWith({ ...model("models/a"), ...model("models/b") });
    const repository = openRepository(folder);
    await repository.list();
    await put(folder, model("models/c"));
    await put(folder, model("d"));
    expect(labels(await repository.find("c"))).toEqual(["c"]);
    expect(labels(await repository.find("d"))).toEqual(["d"]);
  });

  it("finds a new version, in the model's folder, beside it, and in the root", async () => {
    const folder = await folderWith({ ...versioned("models/m/1", "m", "1"), ...model("models/other") });
    const repository = openRepository(folder);
    await repository.list();
    await put(folder, versioned("models/m/2", "m", "2"));
    expect(labels(await repository.find("m"))).toEqual(["m@1", "m@2"]);
    await put(folder, versioned("models/newest", "m", "3"));
    expect(labels(await repository.find("m"))).toEqual(["m@1", "m@2", "m@3"]);
    await put(folder, versioned(".", "m", "4"));
    expect(labels(await repository.find("m"))).toEqual(["m@4", "m@1", "m@2", "m@3"]);
  });

  it("finds a new version however long it takes to be copied", async () => {
    const folder = await folderWith({ ...versioned("models/m", "m", "1"), ...model("models/other") });
    const repository = openRepository(folder);
    await repository.list();
    await put(folder, { "models/second/model.joblib": "" });
    expect(labels(await repository.find("other"))).toEqual(["other"]);
    expect(labels(await repository.find("m"))).toEqual(["m@1"]);
    await put(folder, { "models/second/model-settings.json": '{"name": "m"' });
    expect(labels(await repository.find("m"))).toEqual(["m@1"]);
    await put(folder, versioned("models/second", "m", "2"));
    expect(labels(await repository.find("m"))).toEqual(["m@1", "m@2"]);
  });

  it("finds a model that has moved or was renamed", async () => {
    const folder = await folderWith({ ...model("a/m"), ...model("b/n") });
    const repository = openRepository(folder);
    await repository.list();
    await rename(join(folder, "a/m"), join(folder, "b/m"));
    expect((await repository.find("m")).specs[0]?.folder).toBe(join(folder, "b/m"));
    await put(folder, model("b/m", { name: "new" }));
    expect(labels(await repository.find("m"))).toEqual([]);
    expect(labels(await repository.find("new"))).toEqual(["new"]);
  });

  it("reads files anew, and no longer finds what has gone", async () => {
    const folder = await folderWith({ ...versioned("a", "m", "1"), ...versioned("b", "m", "2") });
    const repository = openRepository(folder);
    await repository.list();
    await put(folder, versioned("a", "m", "9"));
    await rm(join(folder, "b"), { recursive: true });
    expect(labels(await repository.find("m"))).toEqual(["m@9"]);
    await rm(join(folder, "a"), { recursive: true });
    expect(await repository.find("m")).toEqual({ specs: [], problems: [], notices: [] });
  });

  it("reports a file that was broken since under the name that it had", async () => {
    const folder = await folderWith(versioned("a", "m", "1"));
    const repository = openRepository(folder);
    await repository.list();
    await put(folder, { "a/model-settings.json": "{" });
    expect(printed(await repository.find("m"))).toMatchInlineSnapshot(`
      "
      m: a/model-settings.json:1:2: not JSON: expected a key in double quotes or "}", got the end
        
      "
    `);
    await put(folder, versioned("a", "m", "2"));
    expect(labels(await repository.find("m"))).toEqual(["m@2"]);
  });

  it("never looks outside the folder for a name that leads there", async () => {
    const folder = await folderWith({ ...model("served/a"), ...model("secret", { name: "../secret" }) });
    const repository = openRepository(join(folder, "served"));
    await repository.list();
    expect(await repository.find("../secret")).toEqual({ specs: [], problems: [], notices: [] });
  });

  it("costs the same with a thousand models as with two", async () => {
    const few = await folderWith({ ...model("models/a"), ...model("models/b") });
    const names = Array.from({ length: 1000 }, (_, index) => `m${String(index)}`);
    const many = await folderWith({
      ...model("models/a"),
      ...Object.fromEntries(names.flatMap((name) => Object.entries(model(`models/${name}`)))),
    });
    const cost = async (folder: string): Promise<number> => {
      const repository = openRepository(folder);
      await repository.list();
      const costs: number[] = [];
      for (let round = 0; round < 20; round++) {
        const start = performance.now();
        expect(labels(await repository.find("a"))).toEqual(["a"]);
        costs.push(performance.now() - start);
      }
      return Math.min(...costs);
    };
    // A scan of a thousand folders costs some hundred times as much as this may.
    expect(await cost(many)).toBeLessThan(10 * (await cost(few)));
  });
});

describe("a model made of variables", () => {
  const variables = {
    MLSERVER_MODEL_NAME: "solo",
    MLSERVER_MODEL_IMPLEMENTATION: sklearn,
    MLSERVER_MODEL_URI: "artifacts",
    MLSERVER_MODEL_VERSION: "v1",
  };

  it("is served where there is no other, with its URI from the working directory", async () => {
    const folder = await folderWith({ "artifacts/model.pkl": "" });
    const repository = openRepository(folder, { variables });
    const { specs, notices } = await repository.list();
    expect(specs).toMatchObject([
      { name: "solo", version: "v1", artifact: join(folder, "artifacts/model.pkl") },
    ]);
    expect(notices).toEqual([]);
    expect((await repository.find("solo")).specs).toEqual(specs);
  });

  it("is not served beside others", async () => {
    expect(
      labels(await list(model("m", { name: "m" }), { variables: { ...variables, MLSERVER_MODEL_URI: "." } })),
    ).toEqual(["m@v1"]);
  });

  it("needs a name and a URI", async () => {
    const without = async (some: Variables): Promise<string> => printed(await list({}, { variables: some }));
    expect(await without({ ...variables, MLSERVER_MODEL_NAME: undefined })).toMatchInlineSnapshot(`
      "
      (no name): MLSERVER_MODEL_IMPLEMENTATION: name: it is missing
        A name has 1 to 128 letters, digits, dots, underscores, pluses or hyphens, the first a letter or digit.
      "
    `);
    expect(await without({ ...variables, MLSERVER_MODEL_URI: undefined })).toMatchInlineSnapshot(`
      "
      solo: MLSERVER_MODEL_IMPLEMENTATION: Invalid URI specified for model solo
        Set MLSERVER_MODEL_URI to the model's file or folder.
      "
    `);
    expect(await without({ ...variables, MLSERVER_MODEL_EXTRA: "x" })).toMatchInlineSnapshot(`
      "
      solo: MLSERVER_MODEL_EXTRA: parameters.extra: expected an object, as JSON, got "x"
        
      "
    `);
  });
});
