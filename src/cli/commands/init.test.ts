import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const files = [
  "README.md",
  "settings.json",
  "models/iris/model-settings.json",
  "models/iris/sample_input.json",
  "models/iris/train.py",
];

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return found.map((file) => file.slice(folder.length + 1)).sort();
}

test("init makes a folder and says what to do next", async () => {
  await using folder = await temporaryFolder();
  const { exitCode, out, err } = await runCli(["init", "my demo"], { cwd: folder.path });
  expect(exitCode).toBe(0);
  expect(await filesBelow(join(folder.path, "my demo"))).toEqual([...files].sort());
  expect(out.match(/created/g)).toHaveLength(files.length);
  expect(err).toContain("  cd 'my demo'\n");
  expect(err).toContain("  hostler predict iris -f models/iris/sample_input.json");
});

test("every JSON file of the scaffold is JSON", async () => {
  await using folder = await temporaryFolder();
  await runCli(["init"], { cwd: folder.path });
  for (const file of files.filter((name) => name.endsWith(".json"))) {
    expect(JSON.parse(await readFile(join(folder.path, file), "utf8")), file).toBeTypeOf("object");
  }
});

test("init never overwrites, and says what it kept", async () => {
  await using folder = await temporaryFolder();
  const mine = join(folder.path, "models", "iris", "train.py");
  await mkdir(join(folder.path, "models", "iris"), { recursive: true });
  await writeFile(mine, "mine");
  const { exitCode, out } = await runCli(["init", "-o", "json"], { cwd: folder.path });
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    files: files.map((path) => ({ path, result: path.endsWith(".py") ? "kept" : "created" })),
  });
  expect(await readFile(mine, "utf8")).toBe("mine");
  expect((await runCli(["init", "-q"], { cwd: folder.path })).out).toBe("");
});

test("a place that cannot be written to is one clear sentence", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "file"), "");
  const { exitCode, err } = await runCli(["init", "file"], { cwd: folder.path });
  expect(exitCode).toBe(2);
  expect(err).toContain("README.md cannot be written: ");
});
