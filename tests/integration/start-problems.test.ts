import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { endedStart } from "../support/ended-start.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, postJson } from "../support/http.ts";
import { errorBody, infer, outputData } from "../support/infer.ts";
import { addModel, repositoryOf } from "../support/models.ts";
import { hostlerCommand, pythonInterpreter } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";

const sklearn = "mlserver_sklearn.SKLearnModel";
const anyPorts = ["--port", "0", "--metrics-port", "0"];

interface IndexEntry {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

async function index(server: RunningHostler): Promise<IndexEntry[]> {
  return JSON.parse((await postJson(server.url, "/v2/repository/index", {})).body) as IndexEntry[];
}

describe("models that cannot be served", () => {
  const cleanup = new Cleanup();
  let repository: string;
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("plain", "logreg");
    cleanup.add(folder.remove);
    repository = folder.path;
    const broken: Record<string, string> = {
      "no-json": '{\n  "name": "no-json",\n  "implementation": \n}\n',
      "wrong-type": `{\n  "name": "wrong-type",\n  "implementation": "${sklearn}",\n  "parameters": "none"\n}\n`,
      unsupported: '{\n  "name": "unsupported",\n  "implementation": "my.Model"\n}\n',
      "no-file": `{\n  "name": "no-file",\n  "implementation": "${sklearn}"\n}\n`,
      "no-pickle": `{\n  "name": "no-pickle",\n  "implementation": "${sklearn}"\n}\n`,
    };
    for (const [name, settings] of Object.entries(broken)) {
      await mkdir(join(repository, name));
      await writeFile(join(repository, name, "model-settings.json"), settings);
    }
    await writeFile(join(repository, "no-pickle", "model.joblib"), "this is no pickle");
    server = await startHostler({ repository });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  test("do not keep the others from being served", async () => {
    expect(outputData(await infer(server.url, "plain", [[4]]))).toEqual([2]);
    const states = Object.fromEntries((await index(server)).map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({ plain: "READY", logreg: "READY", "no-pickle": "UNAVAILABLE" });
  });

  test.each([
    ["no-json", "model-settings.json:4", ""],
    ["wrong-type", "model-settings.json:4", "parameters"],
    ["unsupported", "model-settings.json:3", "my.Model"],
    ["no-file", "model-settings.json", "model.joblib"],
  ])("%s is reported with its file and line, in the log and in the index", async (name, where, told) => {
    const reported = server.logs.entries.find(
      ({ msg, model }) => msg === "model cannot be served" && model === name,
    );
    expect(reported).toMatchObject({ level: "error", where: expect.stringContaining(where) as unknown });
    expect(JSON.stringify(reported)).toContain(told);
    const entry = (await index(server)).find((one) => one.name === name);
    expect(entry).toMatchObject({ state: "UNAVAILABLE", reason: expect.stringContaining(where) as unknown });
    expect((await get(server.url, `/v2/models/${name}/ready`)).status).toBe(404);
  });

  test("no-pickle is reported with its file, and calls say the same", async () => {
    const reported = server.logs.entries.find(({ msg }) => msg === "model failed to load");
    expect(reported).toMatchObject({
      model: "no-pickle",
      reason: expect.stringContaining("model.joblib") as unknown,
    });
    const reply = await infer(server.url, "no-pickle", [[1]]);
    expect([reply.status, errorBody(reply).code]).toEqual([500, "MODEL_LOAD_FAILED"]);
    const ready = await get(server.url, "/v2/models/no-pickle/ready");
    expect([ready.status, ready.body.includes("model.joblib")]).toEqual([503, true]);
  });

  test("end the start with --strict and exit code 1: those whose settings are wrong", async () => {
    const { code, stderr } = await endedStart([repository, ...anyPorts, "--strict"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/model-settings\.json:\d/);
  });

  test("end the start with --strict and exit code 1: those that do not load", async () => {
    const folder = await repositoryOf("plain");
    cleanup.add(folder.remove);
    await rm(join(folder.path, "plain", "model.joblib"));
    await writeFile(join(folder.path, "plain", "model.joblib"), "this is no pickle");
    const { code, stderr } = await endedStart([folder.path, ...anyPorts, "--strict"]);
    expect([code, stderr.includes("model.joblib")]).toEqual([1, true]);
  });
});

describe("a start that cannot be", () => {
  const cleanup = new Cleanup();
  let repository: string;

  beforeAll(async () => {
    const folder = await repositoryOf("plain");
    cleanup.add(folder.remove);
    repository = folder.path;
  });

  afterAll(() => cleanup.run());

  test.each(["--port", "--metrics-port"])("says who has the port that %s names", async (flag) => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    try {
      const taken = String((holder.address() as AddressInfo).port);
      const { code, stderr } = await endedStart([repository, ...anyPorts, flag, taken]);
      expect(code).toBe(5);
      expect(stderr).toMatch(
        new RegExp(`Port ${taken} of 127\\.0\\.0\\.1 is taken by \\S+.*pid ${String(process.pid)}`),
      );
      expect(stderr).toContain("--metrics-port");
    } finally {
      holder.close();
    }
  });

  test("says that there is no such folder", async () => {
    const missing = join(repository, "nothing");
    const { code, stderr } = await endedStart([missing, ...anyPorts]);
    expect([code === 0, stderr.includes(missing)]).toEqual([false, true]);
  });

  test("says which setting is wrong, where it came from, and what it may be", async () => {
    const flag = await endedStart([repository, ...anyPorts, "--memory-budget", "plenty"]);
    expect([flag.code, flag.stderr]).toEqual([
      2,
      expect.stringMatching(/memory-budget.*plenty|plenty.*memory-budget/s),
    ]);
    const variable = await endedStart([repository, ...anyPorts], { HOSTLER_WORKERS: "many" });
    expect([variable.code, variable.stderr]).toEqual([2, expect.stringMatching(/HOSTLER_WORKERS/)]);
  });
});

describe("a Python that cannot run the models", () => {
  const cleanup = new Cleanup();
  let tools: string;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    tools = folder.path;
  });

  afterAll(() => cleanup.run());

  async function executable(name: string, script: string): Promise<string> {
    const path = join(tools, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }

  async function why(server: RunningHostler, model: string): Promise<string> {
    const reply = await infer(server.url, model, [Array<number>(8).fill(1)]);
    expect([reply.status, errorBody(reply).code]).toEqual([500, "ENVIRONMENT_UNUSABLE"]);
    const { error, hint = "" } = errorBody(reply);
    return `${error} ${hint}`;
  }

  async function withModels(
    models: readonly string[],
    options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> },
    use: (server: RunningHostler) => Promise<void>,
  ): Promise<void> {
    const folder = await repositoryOf(...models);
    try {
      const server = await startHostler({ repository: folder.path, ...options });
      try {
        await use(server);
      } finally {
        await server.stop();
      }
    } finally {
      await folder.remove();
    }
  }

  test("without xgboost serves the other models, and says how to install it", async () => {
    const shadow = join(tools, "shadow");
    await mkdir(shadow);
    await writeFile(
      join(shadow, "xgboost.py"),
      'raise ImportError("No module named \'xgboost\'", name="xgboost")\n',
    );
    await withModels(["plain", "xgb"], { env: { PYTHONPATH: shadow } }, async (server) => {
      expect(outputData(await infer(server.url, "plain", [[4]]))).toEqual([2]);
      const said = await why(server, "xgb");
      for (const part of [
        "xgb needs xgboost",
        pythonInterpreter(),
        "-m venv",
        "pip install xgboost",
        "--python",
      ])
        expect(said).toContain(part);
    });
  });

  test("without any packages says the same of each", async () => {
    const bare = await executable("bare-python", `exec ${pythonInterpreter()} -S "$@"`);
    await withModels(["plain", "xgb"], { args: ["--python", bare] }, async (server) => {
      for (const [model, name] of [
        ["plain", "scikit-learn"],
        ["xgb", "xgboost"],
      ] as const)
        expect(await why(server, model)).toContain(`${model} needs ${name}, which ${bare} does not have`);
    });
  });

  test("that does not exist is named, with the way to name another", async () => {
    const missing = join(tools, "no-such-python");
    await withModels(["plain"], { args: ["--python", missing] }, async (server) => {
      const said = await why(server, "plain");
      for (const part of [missing, "cannot be run", "--python", "HOSTLER_PYTHON", "3.10"])
        expect(said).toContain(part);
    });
  });

  // Stands for an old Python: a new one that says it is old.
  const seemsOld = [
    "import runpy, sys",
    "sys.version_info = (3, 8, 10, 'final', 0)",
    "sys.path[0] = sys.argv[2].rpartition('/')[0]",
    "del sys.argv[:2]",
    "runpy.run_path(sys.argv[0], run_name='__main__')",
  ].join("; ");
  const says = 'case "$1" in -c) echo 3.8.10 ;;';
  test.each([
    ["and gets as far as saying so", `${says} *) exec ${pythonInterpreter()} -c "${seemsOld}" "$@" ;; esac`],
    ["and cannot even read the worker", `${says} *) echo SyntaxError >&2; exit 1 ;; esac`],
  ])("that is too old, %s, is named with its version", async (_how, script) => {
    const old = await executable("old-python", script);
    await withModels(["plain"], { args: ["--python", old] }, async (server) => {
      const said = await why(server, "plain");
      for (const part of [old, "3.8.10", "too old", "3.10 or newer"]) expect(said).toContain(part);
    });
  });

  test("with --strict ends the start with exit code 1", async () => {
    const folder = await repositoryOf();
    cleanup.add(folder.remove);
    await addModel(folder.path, "plain");
    const missing = join(tools, "no-such-python");
    const { code, stderr } = await endedStart([folder.path, ...anyPorts, "--strict", "--python", missing]);
    expect([code, stderr.includes(missing)]).toEqual([1, true]);
  });
});

test("the built command line writes YAML", async () => {
  expect(await runOrFail([hostlerCommand, "version", "-o", "yaml"])).toMatch(/^hostler: \d/);
});
