import { parse } from "yaml";
import { expect, test } from "vitest";
import { type CliResult, runCli } from "../../testing/run-cli.ts";
import { type HttpStub, sendJson, startStub } from "../../testing/http-stub.ts";
import { modelSnapshot, overviewOf } from "../../testing/snapshots.ts";

const models = [
  modelSnapshot(),
  modelSnapshot({ version: "v0.2.0", isDefault: false, state: "loading", memoryBytes: null, loadMs: null }),
  modelSnapshot({
    name: "mushroom",
    version: null,
    runtime: "xgboost",
    state: "failed",
    reason: "no such file",
  }),
];
const problems = [
  { name: "odd", where: "models/odd/model-settings.json:2:3", reason: "not JSON", hint: "Add a comma." },
];

async function withServer<Result>(use: (stub: HttpStub) => Promise<Result>): Promise<Result> {
  await using stub = await startStub((_request, response) => {
    sendJson(response, 200, overviewOf(models, problems));
  });
  return await use(stub);
}

async function ask(...argv: readonly string[]): Promise<CliResult> {
  return await withServer(({ url }) => runCli(argv, { environment: { HOSTLER_URL: url } }));
}

test("models ls lists what is served, and says why something is not", async () => {
  expect(await ask("models", "ls")).toEqual({
    exitCode: 0,
    out: [
      "NAME        VERSION   RUNTIME   STATE      MEMORY   LOAD",
      "mnist-svm   v0.1.0    sklearn   ready     1.3 MiB   4 ms",
      "mnist-svm   v0.2.0    sklearn   loading         -      -",
      "mushroom    -         xgboost   failed    1.3 MiB   4 ms",
      "odd         -         -         broken          -      -",
      "",
    ].join("\n"),
    err: "! mushroom: no such file\n! odd: models/odd/model-settings.json:2:3: not JSON Add a comma.\n",
  });
});

test("models ls -q prints names that predict takes", async () => {
  expect(await ask("models", "ls", "-q")).toEqual({
    exitCode: 0,
    out: "mnist-svm@v0.1.0\nmnist-svm@v0.2.0\nmushroom\nodd\n",
    err: "",
  });
});

test("models ls -o json is what the server says", async () => {
  const { out, err } = await ask("models", "ls", "-o", "json");
  expect(err).toBe("");
  expect(JSON.parse(out)).toEqual({ models: overviewOf(models).models, problems });
});

test("models describe tells of the version that answers", async () => {
  await using stub = await startStub((_request, response) => {
    sendJson(response, 200, overviewOf(models));
  });
  const { exitCode, out } = await runCli(["models", "describe", "mnist-svm", "--url", stub.url]);
  expect(exitCode).toBe(0);
  expect(out.replaceAll(stub.url, "URL")).toBe(
    [
      "Name        mnist-svm",
      "Version     v0.1.0 (answers when no version is named)",
      "Versions    v0.1.0, v0.2.0",
      "State       ready",
      "Runtime     sklearn (scikit-learn 1.9.1)",
      "Memory      1.3 MiB",
      "Load time   4 ms",
      "Input       predict: FP64 [-1, 4]",
      "Outputs     predict",
      "Predict     hostler predict mnist-svm@v0.1.0 --sample --url URL",
      "",
    ].join("\n"),
  );
});

test("models describe takes a version, and prints YAML", async () => {
  const { out } = await ask("models", "describe", "mnist-svm@v0.2.0", "-o", "yaml");
  expect(parse(out)).toMatchObject({ name: "mnist-svm", version: "v0.2.0", versions: ["v0.1.0", "v0.2.0"] });
});

test("a model that is not there names those that are", async () => {
  const { exitCode, out, err } = await ask("models", "describe", "nope");
  expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
  expect(err).toContain(
    "to do: Served there: mnist-svm@v0.1.0, mnist-svm@v0.2.0, mushroom.\n code: MODEL_NOT_FOUND\n",
  );
});
