import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CliResult, runCli } from "../testing/run-cli.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

test("archive packs with model-archiver's options, and refuses as it does", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "m"));
  await writeFile(join(folder.path, "m", "service.py"), "");
  const archive = (...words: readonly string[]): Promise<CliResult> =>
    runCli(["archive", "--model-name", "noop", "--model-path", "m", "--handler", "service", ...words], {
      cwd: folder.path,
    });
  const made = join(folder.path, "noop.mar");
  expect(await archive()).toEqual({ exitCode: 0, out: `${made}\n`, err: "" });
  expect(existsSync(made)).toBe(true);
  const again = await archive();
  expect([again.exitCode, again.err]).toEqual([5, expect.stringContaining("noop.mar already exists")]);
  expect((await archive("-f", "--export-path", ".", "--runtime", "python3")).exitCode).toBe(0);
  const missing = await runCli(["archive", "--model-path", "m", "--handler", "service"], {
    cwd: folder.path,
  });
  expect([missing.exitCode, missing.err]).toEqual([2, expect.stringContaining("--model-name is missing.")]);
  expect((await archive("-f", "--convert")).exitCode).toBe(0);
  await writeFile(join(folder.path, "m", "model.onnx"), "");
  expect((await archive("-f", "--convert")).exitCode).toBe(2);
});
