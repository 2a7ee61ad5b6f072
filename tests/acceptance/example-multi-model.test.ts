import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { pythonInterpreter, root } from "../support/paths.ts";
import { run, runOrFail } from "../support/run.ts";

const answers =
  /^mnist-svm: \{"model_name": ?"mnist-svm".*"data": ?\[8\].*\}\nmushroom-xgboost: \{.*"data": ?\[0\.\d+\].*\}\n$/;

describe("examples/multi-model", () => {
  const cleanup = new Cleanup();
  let example: string;
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    example = join(folder.path, "multi-model");
    const isTrained = (path: string): boolean => /[/\\]model\.\w+$/.test(path);
    await cp(join(root, "examples", "multi-model"), example, {
      recursive: true,
      filter: (path) => !isTrained(path),
    });
    await train();
    server = await startHostler({ repository: example });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  function train(...flags: string[]): Promise<string> {
    return runOrFail([pythonInterpreter(), "-B", join(example, "train.py"), ...flags]);
  }

  test("its Python client gets both predictions", async () => {
    const client = [pythonInterpreter(), "-B", join(example, "requests", "predict.py")] as const;
    expect(await runOrFail([...client, server.url])).toMatch(answers);
  });

  test("its curl client gets both predictions", async () => {
    expect(await runOrFail([join(example, "requests", "predict.sh"), server.url])).toMatch(answers);
  });

  test("training again changes nothing unless it is forced, and then the result is the same", async () => {
    const model = join(example, "models", "mushroom-xgboost", "model.json");
    const [before, { mtimeMs }] = [await readFile(model, "utf8"), await stat(model)];
    await train();
    expect((await stat(model)).mtimeMs).toBe(mtimeMs);
    await train("--force");
    expect(await readFile(model, "utf8")).toBe(before);
  });

  test("training on data that is not there, or is no data, says so in one line", async () => {
    const empty = await temporaryFolder();
    cleanup.add(empty.remove);
    const command = [pythonInterpreter(), "-B", join(example, "train.py"), "--force"] as const;
    const env = { AGARICUS_DIR: empty.path };
    const missing = await run(command, { env });
    expect([missing.code, missing.stderr]).toEqual([
      1,
      `train.py: AGARICUS_DIR is ${empty.path}, but there is no file agaricus.txt.train in it\n`,
    ]);
    await writeFile(join(empty.path, "agaricus.txt.train"), "1 3:1 5:1\n0 2:1\n");
    const other = await run(command, { env });
    expect([other.code, other.stderr]).toEqual([
      1,
      `train.py: ${join(empty.path, "agaricus.txt.train")} has 5 columns where the mushroom data has 126\n`,
    ]);
  });
});
