import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type HttpStub, sendJson, startStub } from "../testing/http-stub.ts";
import { runCli } from "../testing/run-cli.ts";
import { modelSnapshot, overviewOf } from "../testing/snapshots.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const answer = {
  model_name: "mnist-svm",
  outputs: [{ name: "predict", datatype: "INT64", shape: [1, 1], data: [8] }],
};

async function startModelServer(): Promise<HttpStub> {
  return await startStub(({ method }, response) => {
    sendJson(response, 200, method === "POST" ? answer : overviewOf([modelSnapshot()]));
  });
}

test("--sample asks the server what the model takes, then sends that", async () => {
  await using stub = await startModelServer();
  const { exitCode, out, err } = await runCli(["predict", "mnist-svm", "--sample", "--url", stub.url]);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  expect(out).toBe("OUTPUT    DATATYPE   SHAPE   DATA\npredict   INT64      [1,1]   8\n");
  expect(stub.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /",
    "POST /v2/models/mnist-svm/infer",
  ]);
  expect(JSON.parse(stub.seen[1]?.body ?? "")).toEqual({
    inputs: [{ name: "predict", shape: [1, 4], datatype: "FP64", data: [0, 0, 0, 0] }],
  });
});

test("--sample waits for a model that is being loaded", async () => {
  let asked = 0;
  await using stub = await startStub(({ method }, response) => {
    asked += 1;
    const model = asked > 1 ? modelSnapshot() : modelSnapshot({ state: "loading", inputs: null });
    sendJson(response, 200, method === "POST" ? answer : overviewOf([model]));
  });
  expect(await runCli(["predict", "mnist-svm", "--sample", "-q", "--url", stub.url])).toMatchObject({
    out: "[8]\n",
  });
  expect(stub.seen.map(({ method }) => method)).toEqual(["GET", "GET", "POST"]);
});

test("-f sends the file, and asks nothing first", async () => {
  await using stub = await startModelServer();
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "in.json"), '{"inputs":[]}');
  const argv = ["predict", "mnist-svm@v1", "-f", "in.json", "-q", "--url", stub.url];
  expect(await runCli(argv, { cwd: folder.path })).toEqual({ exitCode: 0, out: "[8]\n", err: "" });
  expect(stub.seen).toMatchObject([
    { path: "/v2/models/mnist-svm/versions/v1/infer", body: '{"inputs":[]}' },
  ]);
});

test.each([
  [["predict", "m"], 2, "There is nothing to predict from."],
  [["predict", "m", "--sample", "--data", "[1]"], 2, "There is more than one thing to predict from."],
  [["predict", "m", "-f", "missing.json"], 2, "The request cannot be read: ENOENT"],
  [
    ["predict", "m", "--data", "[1", "--url", "http://127.0.0.1:9"],
    7,
    "No server answers at http://127.0.0.1:9",
  ],
])("%j", async (argv, exitCode, message) => {
  const result = await runCli(argv);
  expect(result).toMatchObject({ exitCode, out: "" });
  expect(result.err).toContain(message);
});
