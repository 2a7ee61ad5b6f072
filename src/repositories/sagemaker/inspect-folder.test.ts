import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith } from "../testing/folder.ts";
import { inspectModelFolder, toolkitHandler } from "./inspect-folder.ts";

test.each([
  [{ "code/inference.py": "", "model.joblib": "" }, toolkitHandler],
  [{ "inference.py": "" }, toolkitHandler],
  [{ "weights.bin": "" }, null],
])("%j is run by %s", async (files, handler) => {
  expect(await inspectModelFolder(await folderWith(files))).toEqual({ handler, builtIn: null });
});

test("another script is one if the platform names it", async () => {
  const folder = await folderWith({ "code/serve.py": "" });
  expect((await inspectModelFolder(folder)).handler).toBeNull();
  expect((await inspectModelFolder(folder, "serve.py")).handler).toBe(toolkitHandler);
});

test.each([
  ["model.joblib", "sklearn"],
  ["model.pkl", "sklearn"],
  ["xgboost-model", "xgboost"],
  ["model.json", "xgboost"],
])("%s is a model of %s", async (name, runtime) => {
  const folder = await folderWith({ [`iris/model/${name}`]: "1234" });
  const { handler, builtIn } = await inspectModelFolder(join(folder, "iris", "model"));
  expect([handler, builtIn]).toEqual([
    null,
    expect.objectContaining({
      name: "iris",
      runtime,
      artifact: join(folder, "iris", "model", name),
      artifactBytes: 4,
    }),
  ]);
});
