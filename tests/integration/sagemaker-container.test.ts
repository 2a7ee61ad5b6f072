import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { get, type HttpReply, postJson, send } from "../support/http.ts";
import { type RunningModelHost, startModelHost } from "../support/model-host.ts";
import { hostlerCommand, pythonInterpreter } from "../support/paths.ts";
import { freePort } from "../support/ports.ts";
import { run, runOrFail } from "../support/run.ts";

let cleanup: Cleanup;
let folder: string;

beforeEach(async () => {
  cleanup = new Cleanup();
  const temporary = await temporaryFolder();
  cleanup.add(temporary.remove);
  folder = temporary.path;
});
afterEach(() => cleanup.run());

async function start(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<RunningModelHost> {
  const host = await startModelHost({ command: [hostlerCommand, "serve", ...words], env, cwd: folder });
  cleanup.add(async () => {
    await host.server.stop();
  });
  return host;
}

/** What the platform sets, but for `/opt/ml`, which is not ours. */
async function platform(
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  return { SAGEMAKER_BIND_TO_PORT: String(await freePort()), SAGEMAKER_BASE_DIR: folder, ...more };
}

async function put(path: string, text: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
}

function csv(url: string, path: string, body: string): Promise<HttpReply> {
  return send(url, { method: "POST", path, headers: { "content-type": "text/csv; charset=utf-8" }, body });
}

const inference = (factor: number): string => `import helper
def model_fn(model_dir):
    return ${String(factor)}
def input_fn(body, content_type):
    return [float(cell) for cell in (body if isinstance(body, str) else bytes(body).decode()).split(",")]
def predict_fn(data, model):
    return [helper.times(value, model) for value in data]
`;
const helper = "def times(value, model):\n    return value * model\n";

test("with many models, each has its own code/inference.py, its own modules, and none is there at the start", async () => {
  const host = await start(await platform({ SAGEMAKER_MULTI_MODEL: "true" }));
  expect([host.loaded, host.managementUrl]).toEqual([[], host.inferenceUrl]);
  const url = host.inferenceUrl.replace("0.0.0.0", "127.0.0.1");
  expect((await get(url, "/ping")).status).toBe(200);
  for (const [name, factor] of [
    ["one", 2],
    ["two", 3],
  ] as const) {
    await put(`models/${name}/model/code/inference.py`, inference(factor));
    await put(`models/${name}/model/code/helper.py`, helper);
    const loaded = await postJson(url, "/models", {
      model_name: name,
      url: join(folder, "models", name, "model"),
    });
    expect([loaded.status, loaded.body]).toEqual([200, expect.any(String)]);
  }
  const answers = await Promise.all(
    ["one", "two"].map((name) => csv(url, `/models/${name}/invoke`, "1,2.5")),
  );
  expect(answers.map(({ status, body }) => `${String(status)} ${body}`)).toEqual([
    "200 [2.0, 5.0]",
    "200 [3.0, 7.5]",
  ]);
  const outside = await postJson(url, "/models", { model_name: "x", url: "/etc" });
  expect(outside.status).toBe(404);
});

test("models of scikit-learn need no code at all", async () => {
  await mkdir(join(folder, "models", "line", "model"), { recursive: true });
  const path = join(folder, "models", "line", "model", "model.joblib");
  const program = `import joblib, sys
from sklearn.linear_model import LinearRegression
joblib.dump(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0]), sys.argv[1])`;
  await runOrFail([pythonInterpreter(), "-c", program, path]);
  const host = await start(await platform({ SAGEMAKER_MULTI_MODEL: "true" }));
  const url = host.inferenceUrl.replace("0.0.0.0", "127.0.0.1");
  const order = { model_name: "line", url: join(folder, "models", "line", "model") };
  expect((await postJson(url, "/models", order)).status).toBe(200);
  const { body } = await csv(url, "/models/line/invoke", "2\n3");
  expect(
    body
      .trim()
      .split(/\s+/)
      .map((cell) => Number(cell).toFixed(6)),
  ).toEqual(["5.000000", "7.000000"]);
  expect((await send(url, { method: "DELETE", path: "/models/line" })).status).toBe(200);
});

test("a load that runs out of memory is a 507, after which there is room for the next", async () => {
  const handler = `import os
def handle(data, context):
    if os.path.exists("full"):
        raise MemoryError("Failed to allocate CPU Memory")
    return None if data is None else ["ok"]
`;
  await put("models/big/model/service.py", handler);
  await put("models/big/model/full", "");
  const host = await start(
    await platform({ SAGEMAKER_MULTI_MODEL: "true", SAGEMAKER_HANDLER: "service.py:handle" }),
  );
  const url = host.inferenceUrl.replace("0.0.0.0", "127.0.0.1");
  const order = { model_name: "big", url: join(folder, "models", "big", "model") };
  expect((await postJson(url, "/models", order)).status).toBe(507);
  expect((await postJson(url, "/models", order)).status).toBe(507);
  expect(JSON.parse((await get(url, "/models")).body)).toEqual({ models: [] });
  await rm(join(folder, "models", "big", "model", "full"));
  expect((await postJson(url, "/models", order)).status).toBe(200);
  expect((await csv(url, "/models/big/invoke", "x")).body).toBe("ok");
});

test("with one model, it is that of /opt/ml/model, and the container is well when it is loaded", async () => {
  await put("model/code/inference.py", inference(4));
  await put("model/code/helper.py", helper);
  const host = await start(await platform({ SAGEMAKER_MODEL_SERVER_WORKERS: "1" }));
  const url = host.inferenceUrl.replace("0.0.0.0", "127.0.0.1");
  expect(host.loaded).toEqual(["model"]);
  expect((await get(url, "/ping")).status).toBe(200);
  expect(JSON.parse((await csv(url, "/invocations", "1")).body)).toEqual([4]);
  expect(JSON.parse((await get(url, "/execution-parameters")).body)).toMatchObject({
    MaxConcurrentTransforms: 1,
  });
  expect((await get(url, "/models")).status).toBe(404);
});

test("what transform_fn yields is sent while it is yielded", async () => {
  const streaming = `import os, time
def model_fn(model_dir):
    return model_dir
def transform_fn(model, body, content_type, accept):
    def tokens():
        yield "data: one\\n\\n"
        while not os.path.exists(os.path.join(model, "read")):
            time.sleep(0.01)
        yield "data: two\\n\\n"
    return tokens(), "text/event-stream"
`;
  await put("model/code/inference.py", streaming);
  const host = await start(await platform({ SAGEMAKER_MODEL_SERVER_WORKERS: "1" }));
  const url = host.inferenceUrl.replace("0.0.0.0", "127.0.0.1");
  const response = await fetch(`${url}/invocations`, { method: "POST", body: "x" });
  const { headers } = response;
  expect([headers.get("content-type"), headers.get("content-length")]).toEqual(["text/event-stream", null]);
  const read: string[] = [];
  for await (const piece of response.body ?? []) {
    read.push(Buffer.from(piece).toString());
    if (read.length === 1) await put("model/read", "");
  }
  expect(read).toEqual(["data: one\n\n", "data: two\n\n"]);
});

test("one that cannot be loaded ends the container with the reason, instead of pings that are never answered", async () => {
  await put("model/code/inference.py", "def model_fn(model_dir):\n    raise ValueError('no weights')\n");
  const { code, stderr } = await run([hostlerCommand, "serve"], { env: await platform() });
  expect([code, stderr]).toEqual([1, expect.stringContaining("no weights")]);
});
