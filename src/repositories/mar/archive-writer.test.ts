import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { folderWith } from "../testing/folder.ts";
import { ArchiveStore } from "./archive-store.ts";
import { type ArchiveFormat, type ArchiveOrder, writeArchive } from "./archive-writer.ts";
import { readArchive } from "./read-archive.ts";

async function order(change: Partial<ArchiveOrder> = {}): Promise<ArchiveOrder> {
  const folder = await folderWith({
    "m/service.py": "def handle(data, context): return data\n",
    "m/weights/w.bin": "w",
    "m/__pycache__/service.pyc": "x",
    "m/.git/config": "x",
    "m/MANIFEST.json": { of: "another archive" },
    "m/old.pyc": "x",
  });
  return {
    modelName: "noop",
    modelPath: join(folder, "m"),
    handler: "service.py:handle",
    runtime: "python",
    exportPath: join(folder, "out"),
    format: "default",
    force: false,
    ...change,
  };
}

test.each([
  ["default", "noop.mar"],
  ["tgz", "noop.tar.gz"],
  ["no-archive", "noop"],
] satisfies [ArchiveFormat, string][])("%s makes %s, which is read again", async (format, name) => {
  const made = await order({ format });
  const path = await writeArchive(made);
  expect(path).toBe(join(made.exportPath, name));
  const store = new ArchiveStore(await folderWith({}));
  onTestFinished(() => store.stop());
  const model = await readArchive(path, { store });
  const files = await readdir(model.folder, { recursive: true, withFileTypes: true });
  expect(
    files
      .filter((file) => file.isFile())
      .map((file) => file.name)
      .sort(),
  ).toEqual(["MANIFEST.json", "service.py", "w.bin"]);
  expect(model).toMatchObject({
    manifest: {
      runtime: "python",
      model: { modelName: "noop", handler: "service.py:handle" },
      modelServerVersion: "1.0",
      implementationVersion: "1.0",
      specificationVersion: "1.0",
    },
  });
  expect(await readFile(join(model.folder, "weights", "w.bin"), "utf8")).toBe("w");
  expect(await readdir(made.exportPath)).toEqual([name]);
});

test("an archive that is there is replaced only by force", async () => {
  const made = await order();
  const path = await writeArchive(made);
  const before = await stat(path);
  await expect(writeArchive(made)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  expect((await stat(path)).ino).toBe(before.ino);
  await writeArchive({ ...made, force: true });
  expect((await stat(path)).ino).not.toBe(before.ino);
});

test("a folder that becomes its own archive keeps everything that is in it", async () => {
  const { modelPath, ...rest } = await order({ format: "no-archive", modelName: "m" });
  const inPlace = { ...rest, modelPath, exportPath: join(modelPath, "..") };
  await expect(writeArchive(inPlace)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  expect(await writeArchive({ ...inPlace, force: true })).toBe(modelPath);
  expect(await readFile(join(modelPath, ".git", "config"), "utf8")).toBe("x");
  const manifest = await readFile(join(modelPath, "MAR-INF", "MANIFEST.json"), "utf8");
  expect(manifest).toContain('"modelName":"m"');
});

test("names may begin with a digit, and be one character long", async () => {
  const made = await order();
  for (const modelName of ["7", "3d-net", "squeezenet_v1.1"]) {
    expect(await writeArchive({ ...made, modelName })).toBe(join(made.exportPath, `${modelName}.mar`));
  }
});

test("a wrong name and a missing folder are told", async () => {
  const failures = [{ modelName: "_a" }, { modelName: "a b" }, { modelPath: "/nowhere" }].map(
    async (change) =>
      ServingError.from(await writeArchive(await order(change)).catch((error: unknown) => error)).message,
  );
  expect(await Promise.all(failures)).toEqual([
    expect.stringContaining("--model-name: expected"),
    expect.stringContaining("--model-name: expected"),
    "There is no folder /nowhere.",
  ]);
});
