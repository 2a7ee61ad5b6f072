import { describe, expect, it } from "vitest";
import { list, model, versioned } from "./testing/repository.ts";

describe("notices", () => {
  it("say each thing once, however many models it concerns", async () => {
    const settings = { cache_enabled: true, parallel_workers: 0, max_batch_sise: 4, uri: "x" };
    const parameters = { inference_pool_gid: "a", versoin: "1" };
    const cached = Object.fromEntries(
      ["a", "b", "c", "d", "e", "f", "g"].flatMap((name) =>
        Object.entries(model(name, { cache_enabled: true })),
      ),
    );
    const { notices } = await list({
      ...cached,
      ...model("h", { ...settings, parameters }),
      ...model("i", {
        inputs: [{ name: "x", datatype: "BYTES", shape: [1], parameters: { content_type: "str" } }],
      }),
    });
    expect(notices).toMatchInlineSnapshot(`
      [
        "Not supported in model settings, and so without effect: cache_enabled true (replies are not cached) in a, b, c, d, e, 3 more; parallel_workers 0 (models always run in worker processes) in h; parameters.inference_pool_gid "a" (models share the workers of their environment) in h; inputs.parameters.content_type "str" (requests are read as arrays) in i.",
        "Not known in model settings, and so without effect: max_batch_sise (h/model-settings.json:5:3; did you mean max_batch_size?); uri (h/model-settings.json:6:3; it belongs in parameters); parameters.versoin (h/model-settings.json:9:5; did you mean version?).",
      ]
    `);
  });

  it("tell where MLServer would answer with another version", async () => {
    const files = {
      ...versioned("a", "m", "v9"),
      ...versioned("b", "m", "v10"),
      ...versioned("c", "n", "9"),
      ...versioned("d", "n", "10"),
    };
    expect((await list(files)).notices).toMatchInlineSnapshot(`
      [
        "Requests without a version go to the newest in natural order, where MLServer compares text: m to v10, not v9. --version-policy mlserver answers as MLServer does.",
      ]
    `);
    expect((await list(files, { settings: { versionPolicy: "mlserver" } })).notices).toEqual([]);
  });

  it("tell which variables fill which models, as they do in MLServer", async () => {
    const variables = {
      MLSERVER_MODEL_MAX_BATCH_SIZE: "32",
      MLSERVER_MODEL_MAX_BATCH_TIME: "0.005",
      mlserver_model_version: "v7",
      MLSERVER_MODEL_EXTRA: '{"a": 1, "b": {"c": 2}}',
    };
    const own = { max_batch_size: 4, parameters: { version: "v1", extra: { b: { d: 3 } } } };
    const { specs, notices } = await list({ ...model("bare"), ...model("own", own) }, { variables });
    expect(specs).toMatchObject([
      { version: "v7", batching: { maxCalls: 32, maxWaitMs: 5 }, extra: { a: 1, b: { c: 2 } } },
      { version: "v1", batching: { maxCalls: 4, maxWaitMs: 5 }, extra: { a: 1, b: { c: 2, d: 3 } } },
    ]);
    expect(notices).toMatchInlineSnapshot(`
      [
        "Variables fill fields that model settings leave out, as in MLServer: max_batch_size from MLSERVER_MODEL_MAX_BATCH_SIZE in bare@v7; max_batch_time from MLSERVER_MODEL_MAX_BATCH_TIME in bare@v7, own@v1; parameters.version from mlserver_model_version in bare@v7; parameters.extra from MLSERVER_MODEL_EXTRA in bare@v7, own@v1.",
      ]
    `);
  });
});
