import { execFile } from "node:child_process";
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packageRoot } from "../package-root.ts";
import { type TemporaryFolder, temporaryFolder } from "../testing/temporary-folder.ts";

const run = promisify(execFile);

let house: TemporaryFolder;

/** A house with the stand-in and a hostler that only says how it was called, a word a line. */
beforeEach(async () => {
  house = await temporaryFolder();
  await mkdir(join(house.path, "bin"));
  await mkdir(join(house.path, "shims"));
  await cp(join(packageRoot(), "shims", "azmlinfsrv"), join(house.path, "shims", "azmlinfsrv"));
  await writeFile(join(house.path, "bin", "hostler"), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  await chmod(join(house.path, "bin", "hostler"), 0o755);
});
afterEach(async () => {
  await house[Symbol.asyncDispose]();
});

async function azmlinfsrv(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  try {
    const { stdout } = await run(join(house.path, "shims", "azmlinfsrv"), argv);
    return { code: 0, out: stdout };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stdout" in error)) throw error;
    return { code: Number(error.code), out: String(error.stdout) };
  }
}

it("serves a script with hostler", async () => {
  expect(await azmlinfsrv("--entry_script", "my score.py", "--port=8347", "--rest")).toEqual({
    code: 0,
    out: "score\n--entry_script\nmy score.py\n--port=8347\n--rest\n",
  });
});

it("takes the beginnings of flags, and values that look like flags", async () => {
  const { out } = await azmlinfsrv(
    "--entry",
    "a.py",
    "--access_control_allow_origins",
    "*",
    "--model",
    "--odd",
  );
  expect(out).toBe("score\n--entry_script\na.py\n--access_control_allow_origins\n*\n--model_dir\n--odd\n");
});

it.each([
  [["--nonsense", "1"], "unrecognized arguments: --nonsense"],
  [["score.py"], "unrecognized arguments: score.py"],
  [["--h", "1"], "unrecognized arguments: --h"],
  [["--port"], "argument --port: expected one argument"],
])("ends with 1 for %j", async (argv, expected) => {
  const { code, out } = await azmlinfsrv(...argv);
  expect(code).toBe(1);
  expect(out).toContain(expected);
});

it("shows its help", async () => {
  const { code, out } = await azmlinfsrv("-h");
  expect(code).toBe(0);
  expect(out).toMatch(/^usage: azmlinfsrv /);
});
