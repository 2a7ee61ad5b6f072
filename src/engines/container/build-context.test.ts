import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { list } from "tar";
import { pipeline } from "node:stream/promises";
import { readBuildContext } from "./build-context.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-context-"));
  await mkdir(join(folder, "src", "deep"), { recursive: true });
  for (const name of ["Dockerfile", "a.pyc", "src/b.py", "src/deep/c.py", "src/deep/d.pyc"]) {
    await writeFile(join(folder, name), "FROM scratch\n");
  }
});

afterEach(() => rm(folder, { recursive: true }));

async function sent(dockerfile: string): Promise<readonly string[]> {
  const context = await readBuildContext(folder, dockerfile);
  const names: string[] = [];
  const reader = list({ onReadEntry: (entry) => names.push(entry.path) });
  await pipeline(context.archive(), reader);
  return names
    .filter((name) => !name.endsWith("/"))
    .map((name) => name.replace(/^\.\//, ""))
    .toSorted();
}

test("all of it is sent but what .dockerignore names", async () => {
  await writeFile(join(folder, ".dockerignore"), "**/*.pyc\nDockerfile\n");
  expect(await sent("/Dockerfile")).toEqual([".dockerignore", "Dockerfile", "src/b.py", "src/deep/c.py"]);
});

test("what is taken back is found in a folder that is left out", async () => {
  await writeFile(join(folder, ".dockerignore"), "*\n!src/deep/c.py\n");
  expect(await sent("Dockerfile")).toEqual([".dockerignore", "Dockerfile", "src/deep/c.py"]);
});

test("a Dockerfile may have a list of its own", async () => {
  await writeFile(join(folder, ".dockerignore"), "src\n");
  await writeFile(join(folder, "Dockerfile.dockerignore"), "a.pyc\n");
  expect(await sent("Dockerfile")).toContain("src/b.py");
});

test.each(["../Dockerfile", "nowhere/Dockerfile"])("%s is refused with the field", async (path) => {
  await expect(readBuildContext(folder, path)).rejects.toMatchObject({
    code: "INVALID_DOCUMENT",
    details: { field: "environment.build.dockerfile_path" },
  });
});
