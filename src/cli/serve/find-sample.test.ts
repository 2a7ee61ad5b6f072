import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { findSample } from "./find-sample.ts";

test.each(["models/iris", "iris", "."])("a sample in %s is found, on one line", async (place) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, place), { recursive: true });
  await writeFile(join(folder.path, place, "sample_input.json"), '{\n  "inputs": []\n}\n');
  expect(await findSample(folder.path, "iris")).toBe('{"inputs":[]}');
});

test.each([
  ["none", undefined],
  ["one that is not JSON", "{"],
  ["one that is too long", JSON.stringify("x".repeat(3000))],
])("%s is no sample", async (_name, content) => {
  await using folder = await temporaryFolder();
  if (content !== undefined) await writeFile(join(folder.path, "sample_input.json"), content);
  expect(await findSample(folder.path, "iris")).toBeUndefined();
});
