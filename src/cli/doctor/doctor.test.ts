import { chmod, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "../testing/temporary-folder.ts";
import type { Question } from "./finding.ts";
import { checkPorts, checkSockets } from "./machine.ts";
import { checkPython } from "./python.ts";

const question: Question = { python: null, host: "127.0.0.1", ports: [], environment: {} };

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** An interpreter that says it has a version, and imports what it is told to. */
async function fakePython(version: string, imports: Readonly<Record<string, unknown>>): Promise<string> {
  const path = join(folder.path, "python");
  const answer = JSON.stringify({ executable: path, versions: {}, errors: {}, ...imports });
  const script = `#!/bin/sh\ncase $# in 2) echo ${version} ;; *) cat <<'END'\n${answer}\nEND\nesac\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

describe("python", () => {
  test("the interpreter, why it was taken, and what it has", async () => {
    const python = await fakePython("3.13.5", {
      versions: { sklearn: "1.9.1" },
      errors: { xgboost: "OSError: libgomp.so.1 is missing" },
    });
    expect(await checkPython({ ...question, python })).toMatchObject([
      { level: "ok", message: `${python} (--python) is Python 3.13.5` },
      { check: "scikit-learn", level: "ok", message: "1.9.1" },
      { check: "xgboost", level: "warning", message: "cannot be imported: OSError: libgomp.so.1 is missing" },
    ]);
  });

  test("one that has no framework can run no model", async () => {
    const python = await fakePython("3.13.5", {
      errors: { sklearn: "ModuleNotFoundError: sklearn", xgboost: "ModuleNotFoundError: xgboost" },
    });
    expect(await checkPython({ ...question, environment: { HOSTLER_PYTHON: python } })).toMatchObject([
      { level: "ok", message: `${python} (HOSTLER_PYTHON) is Python 3.13.5` },
      { check: "scikit-learn", level: "problem", message: "not installed" },
      { check: "xgboost", level: "problem", message: "not installed" },
    ]);
  });

  test.each([
    ["too old", "3.9.2", "which is too old"],
    ["missing", null, "cannot be run"],
  ])("one that is %s", async (_name, version, message) => {
    const python = version === null ? join(folder.path, "nowhere") : await fakePython(version, {});
    const findings = await checkPython({ ...question, python });
    expect(findings).toMatchObject([{ check: "python", level: "problem" }]);
    expect(findings[0]?.message).toContain(message);
  });
});

test("a port that is taken says by whom, a free one that it is free", async () => {
  const listening = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address();
    listening.resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  const ports = [{ name: "REST", flag: "--port", port: await listening.promise }];
  const [taken] = await checkPorts({ ...question, ports });
  expect(taken).toMatchObject({ level: "problem" });
  expect(taken?.message).toMatch(/^taken by .+, wanted for REST$/);
  const closed = Promise.withResolvers<undefined>();
  server.close(() => {
    closed.resolve(undefined);
  });
  await closed.promise;
  expect(await checkPorts({ ...question, ports })).toMatchObject([{ level: "ok", fix: null }]);
});

test("an address that is not this machine's is a problem with a name", async () => {
  const ports = [{ name: "REST", flag: "--port", port: 0 }];
  expect(await checkPorts({ ...question, host: "192.0.2.1", ports })).toMatchObject([
    { level: "problem", fix: "Name another address with --host." },
  ]);
});

test("sockets need a folder that can be written to", async () => {
  expect(await checkSockets(question)).toMatchObject([{ level: "ok" }]);
});

test("the report is a table for people and data for programs, and a problem is exit code 1", async () => {
  const python = await fakePython("3.13.5", { versions: { sklearn: "1.9.1" } });
  const good = await runCli(["doctor", "--python", python, "--port", "0", "--metrics-port", "0"]);
  expect(good).toMatchObject({ exitCode: 0, err: "" });
  expect(good.out).toMatch(/^✓ node +Node\.js \d+/);
  expect(good.out).toMatch(/\n! xgboost +cannot be imported: +\n +→ python3 -m venv/);
  const bad = await runCli(["doctor", "--python", join(folder.path, "nowhere"), "--port", "0", "-o", "json"]);
  expect(bad.exitCode).toBe(1);
  expect(JSON.parse(bad.out)).toMatchObject({ ok: false });
});
