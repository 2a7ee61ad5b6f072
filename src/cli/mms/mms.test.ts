import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { parseMmsLine } from "./arguments.ts";
import { PidFile } from "./pid-file.ts";

const nothing = { config: undefined, modelStore: undefined, models: [], logConfig: undefined };

test("a line is read as argparse reads it", () => {
  expect(
    parseMmsLine(["--start", "--models", "a=b.mar", "c", "--model-store=/store", "--foreground"]),
  ).toEqual({
    kind: "start",
    inForeground: true,
    server: { ...nothing, modelStore: "/store", models: ["a=b.mar", "c"] },
  });
  expect(parseMmsLine(["--sta", "--mms", "c.properties", "--log-config", "l"])).toMatchObject({
    kind: "start",
    server: { config: "c.properties", logConfig: "l" },
  });
  // Without a word on what to do, it starts.
  expect(parseMmsLine(["--models", "a=b.mar"])).toEqual({
    kind: "start",
    inForeground: false,
    server: { ...nothing, models: ["a=b.mar"] },
  });
  expect([parseMmsLine(["--stop"]).kind, parseMmsLine(["-h"]).kind]).toEqual(["stop", "help"]);
});

test.each([
  [["--start", "--stop"], "argument --stop: not allowed with argument --start"],
  [["--st"], "ambiguous option: --st could match --start, --stop"],
  [["--start", "--models"], "argument --models: expected at least one argument"],
  [["--start", "--mms-config"], "argument --mms-config: expected one argument"],
  [["--start", "--nonsense"], "unrecognized arguments: --nonsense"],
  [["start"], "unrecognized arguments: start"],
  [["--start=yes"], "argument --start: ignored explicit argument"],
])("%j is wrong: %s", async (words, message) => {
  expect(parseMmsLine(words)).toEqual({ kind: "wrong", message });
  const { exitCode, err } = await runCli(["mms", ...words]);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(`multi-model-server: error: ${message}\n`)]);
});

test.each([
  [["--models", "a.mar"], "--model-store is required to load model locally.\n"],
  [["--model-store", "nope"], "--model-store directory not found: nope\n"],
  [["--mms-config", "nope"], "--mms-config file not found: nope\n"],
])("%j does not start", async (words, out) => {
  await using folder = await temporaryFolder();
  const surroundings = { environment: { TMPDIR: folder.path }, cwd: folder.path };
  expect(await runCli(["mms", "--start", ...words], surroundings)).toEqual({ exitCode: 1, out, err: "" });
});

test("stopping without a server says so, and forgets one that has gone", async () => {
  await using folder = await temporaryFolder();
  const stop = async (): Promise<string> =>
    (await runCli(["mms", "--stop"], { environment: { TEMP: folder.path } })).out;
  expect(await stop()).toBe("Model server is not currently running.\n");
  const gone = spawn("true");
  await once(gone, "exit");
  await writeFile(join(folder.path, ".model_server.pid"), String(gone.pid));
  expect(await stop()).toBe("Model server already stopped.\n");
  expect(existsSync(join(folder.path, ".model_server.pid"))).toBe(false);
});

test("a process that only has the number of one that has gone is not taken for it", async () => {
  await using folder = await temporaryFolder();
  const pidFile = new PidFile({ TMPDIR: folder.path });
  pidFile.write(process.pid);
  expect(pidFile.read()).toEqual({ pid: process.pid, isAlive: true });
  const [pid = "", began = ""] = (await readFile(pidFile.path, "utf8")).split("\n");
  await writeFile(pidFile.path, `${pid}\n${String(Number(began) + 1)}`);
  expect(pidFile.read()).toEqual({ pid: process.pid, isAlive: false });
  // As the real one writes it.
  await writeFile(pidFile.path, pid);
  expect(pidFile.read()?.isAlive).toBe(true);
  await writeFile(pidFile.path, "nonsense");
  expect(pidFile.read()?.isAlive).toBe(false);
});
