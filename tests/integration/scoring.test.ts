import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { get, request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScoreServer } from "../../src/server/score/index.ts";
import { sendTo, serveScript, type ScoreOptions } from "../support/azmlinfsrv.ts";
import { ProcessTree } from "../support/processes.ts";
import { temporaryFolder } from "../support/folders.ts";
import { until } from "../support/until.ts";

let folder: string;
let dispose: () => Promise<void>;
let servers: ScoreServer[] = [];
let log = "";
let tree: ProcessTree;

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = made.path;
  dispose = made.remove;
  servers = [];
  log = "";
  tree = new ProcessTree();
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop({ force: true })));
  await tree.expectNone(5000);
  await dispose();
});

async function script(text: string, name = "score.py"): Promise<void> {
  await writeFile(join(folder, name), text);
}

/** Serves the folder's script; `started` has not been waited for. */
async function serve(options: Partial<ScoreOptions> = {}): Promise<ScoreServer> {
  const { environment = {}, ...rest } = options;
  const server = await serveScript({
    script: "score.py",
    cwd: folder,
    environment: { ...environment, ...tree.environment, FOLDER: folder },
    write: (text) => {
      log += text;
    },
    ...rest,
  });
  server.started.catch(() => undefined);
  servers.push(server);
  return server;
}

async function score(server: ScoreServer, body: string): Promise<{ status: number; body: string }> {
  const reply = await sendTo(server, {
    method: "POST",
    target: "/score",
    headers: {},
    body: Buffer.from(body).toString("base64"),
  });
  return { status: reply.status, body: reply.body.toString() };
}

const waiting = `
import os, time
def init(): pass
def wait_for(name):
    path = os.path.join(os.environ["FOLDER"], name)
    while not os.path.exists(path): time.sleep(0.005)
def mark(name):
    open(os.path.join(os.environ["FOLDER"], name), "w").close()
`;

describe("a script that cannot be started", () => {
  it.each([
    [
      "raises in init()",
      "def init():\n    raise ValueError('no model')\ndef run(data): pass\n",
      "init() failed: ValueError: no model (score.py:2)",
    ],
    [
      "raises when it is imported",
      "import nothing_of_this_name\n",
      "No module named 'nothing_of_this_name' (score.py:1)",
    ],
    ["is not Python", "def init():\n  if:\n", "SyntaxError"],
    [
      "is indented wrongly",
      "def init():\n    if True:\n        a = 1\n      b = 2\n",
      "IndentationError: unindent does not match any outer indentation level",
    ],
    ["has no init()", "def run(data): pass\n", "does not have a init() function defined."],
    ["has no run()", "def init(): pass\n", "does not have a run() function defined."],
    [
      "takes nothing",
      "def init(): pass\ndef run(): pass\n",
      "run() needs to accept an argument for input data.",
    ],
    [
      "takes headers alone",
      "def init(): pass\ndef run(request_headers): pass\n",
      'run() needs to accept an argument other than "request_headers".',
    ],
    [
      "takes anything",
      "def init(): pass\ndef run(*args): pass\n",
      "run() cannot accept positional-only arguments, *args, or **kwargs.",
    ],
    [
      "leaves in init()",
      "import sys\ndef init(): sys.exit(4)\ndef run(data): pass\n",
      "init() failed: SystemExit: 4 (score.py:2)",
    ],
    [
      "ends its process",
      "import os\ndef init(): os._exit(5)\ndef run(data): pass\n",
      "ended its process while it was imported or in init() (exit code 5)",
    ],
    ["mixes its decorators", mixed(), "run() cannot be decorated with both @rawhttp and @input_schema"],
  ])("says so when it %s", async (_what, text, expected) => {
    await script(text);
    const server = await serve();
    await expect(server.started).rejects.toMatchObject({ code: "DEPLOYMENT_FAILED" });
    await expect(server.started).rejects.toThrow(expected);
  });

  it("shows the traceback, and what is in the model's folder", async () => {
    await script(
      "import os\ndef init():\n    open(os.environ['AZUREML_MODEL_DIR'] + '/x')\ndef run(data): pass\n",
    );
    await mkdir(join(folder, "model", "inner"), { recursive: true });
    await writeFile(join(folder, "model", "inner", "model.bin"), "");
    const server = await serve({ given: { modelDir: "./model" } });
    await expect(server.started).rejects.toThrow("No such file or directory: './model/x' (score.py:3)");
    await server.stop();
    expect(log).toContain("open(os.environ['AZUREML_MODEL_DIR'] + '/x')");
    expect(log).toMatch(/azmlinfsrv - model\/\n.* {5}inner\/\n.* {9}model.bin/);
  });

  it("says that a script is not there", async () => {
    const server = await serve();
    await expect(server.started).rejects.toThrow(`No such file or directory: ${join(folder, "score.py")}`);
  });

  it("says which setting is wrong", async () => {
    await script("def init(): pass\ndef run(data): pass\n");
    const server = await serve({ environment: { SCORING_TIMEOUT_MS: "abc" } });
    await expect(server.started).rejects.toThrow(
      "SCORING_TIMEOUT_MS: expected a whole number of milliseconds",
    );
  });
});

function mixed(): string {
  return `
from azureml_inference_server_http.api.aml_request import rawhttp
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
@rawhttp
@input_schema("data", StandardPythonParameterType("a"))
def run(data): pass
`;
}

describe("a script's output", () => {
  it("is shown once, in azmlinfsrv's format, whoever wrote it", async () => {
    await script(`
import ctypes, logging, subprocess, sys
def init():
    print("printed", "twice", sep="-")
    logging.info("logged")
    logging.getLogger("some.name").warning("by name")
    subprocess.run(["sh", "-c", "echo from a child; echo and its errors >&2"])
    sys.stderr.write("to stderr\\n")
def run(data):
    print("in run")
    return data
`);
    const server = await serve();
    await server.started;
    await score(server, "x");
    await server.stop();
    const line = (level: string, rest: string): RegExp =>
      new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} ${level} \\[\\d+\\] ${rest}$`, "gm");
    for (const [level, rest] of [
      ["I", "azmlinfsrv.print - printed-twice"],
      ["I", "root - logged"],
      ["W", "some.name - by name"],
      ["I", "azmlinfsrv.print - in run"],
      ["I", "azmlinfsrv.user_script - Users's init has completed successfully"],
      ["I", String.raw`azmlinfsrv - POST /score 200 \d+\.\d{3}ms 3`],
    ] as const) {
      expect(log.match(line(level, rest)), rest).toHaveLength(1);
    }
    for (const text of ["from a child", "and its errors", "to stderr"]) {
      expect(log.match(new RegExp(`^${text}$`, "gm")), text).toHaveLength(1);
    }
  });

  it("is configured by the script's own logging.json, or by itself", async () => {
    await script(`
import logging
def init():
    logging.basicConfig(level=logging.DEBUG, format="own %(message)s")
    logging.debug("details")
def run(data): return data
`);
    const server = await serve();
    await server.started;
    await server.stop();
    expect(log).toMatch(/^own details$/m);
    const handler = { class: "logging.StreamHandler", formatter: "f", stream: "ext://sys.stdout" };
    const config = {
      version: 1,
      formatters: {
        f: { class: "azureml_inference_server_http.log_config.AMLLogFormatter", format: "mine: %(message)s" },
      },
      handlers: { h: handler },
      root: { level: "INFO", handlers: ["h"] },
    };
    await writeFile(join(folder, "logging.json"), JSON.stringify(config));
    await script("import logging\ndef init(): logging.info('hello')\ndef run(data): return data\n");
    const other = await serve();
    await other.started;
    await other.stop();
    expect(log).toMatch(/^mine: hello$/m);
  });
});

describe("calls", () => {
  it("run at once in several workers", async () => {
    // Each call waits for the other to have begun.
    await script(`${waiting}
def run(data):
    mark(data); wait_for("a"); wait_for("b")
    return data
`);
    const server = await serve({ given: { workerCount: "2" } });
    await server.started;
    expect(await Promise.all([score(server, "a"), score(server, "b")])).toEqual([
      { status: 200, body: '"a"' },
      { status: 200, body: '"b"' },
    ]);
  });

  it("do not keep health and the description waiting", async () => {
    await script(`${waiting}
def run(data):
    mark("begun"); wait_for("go")
    return data
`);
    const server = await serve();
    await server.started;
    const call = score(server, "x");
    await until("run() to begin", () => existsSync(join(folder, "begun")) || undefined);
    const plain = { method: "GET", headers: {}, body: "" };
    expect((await sendTo(server, { ...plain, target: "/" })).body.toString()).toBe("Healthy");
    expect((await sendTo(server, { ...plain, target: "/swagger.json" })).status).toBe(200);
    await writeFile(join(folder, "go"), "");
    expect(await call).toEqual({ status: 200, body: '"x"' });
  });

  it("fail clearly when their process dies, and no other call does", async () => {
    await script(`${waiting}
def run(data):
    if data == "die":
        mark("dying"); wait_for("go")
        os.kill(os.getpid(), 9)
    return data
`);
    const server = await serve();
    await server.started;
    const dying = score(server, "die");
    await until("run() to begin", () => existsSync(join(folder, "dying")) || undefined);
    const others = ["1", "2", "3"].map((body) => score(server, body));
    await writeFile(join(folder, "go"), "");
    expect(await dying).toEqual({
      status: 500,
      body: '{"message": "The process that ran the scoring script ended during the call. Check the logs for more info."}',
    });
    expect(await Promise.all(others)).toEqual(
      ["1", "2", "3"].map((body) => ({ status: 200, body: `"${body}"` })),
    );
    await server.stop();
    expect(log).toMatch(/Worker \d+ ended \(killed by SIGKILL\) and is replaced/);
  });

  it("that cannot be interrupted are ended with their process", async () => {
    await script(`
import signal, time
def init(): pass
def run(data):
    if data == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(600)
    return data
`);
    const server = await serve({ environment: { SCORING_TIMEOUT_MS: "100" } });
    await server.started;
    expect(await score(server, "hang")).toEqual({
      status: 500,
      body: '{"message": "Scoring timeout after 100 ms"}',
    });
    expect(await score(server, "well")).toEqual({ status: 200, body: '"well"' });
  });

  it("are awaited where init() and run() are async", async () => {
    await script(`
import asyncio
async def init():
    global lock
    lock = asyncio.Lock()
async def run(data):
    async with lock:
        await asyncio.sleep(0.001)
        if data == "late": await asyncio.sleep(600)
    return data
`);
    const server = await serve({ environment: { SCORING_TIMEOUT_MS: "300" } });
    await server.started;
    expect(await score(server, "x")).toEqual({ status: 200, body: '"x"' });
    expect(await score(server, "late")).toEqual({
      status: 500,
      body: '{"message": "Scoring timeout after 300 ms"}',
    });
    expect(await score(server, "y")).toEqual({ status: 200, body: '"y"' });
  });

  it("that nobody waits for any longer are not begun", async () => {
    await script(`${waiting}
def run(data):
    mark(data); wait_for("go")
    return data
`);
    const server = await serve();
    await server.started;
    const first = score(server, "first");
    await until("run() to begin", () => existsSync(join(folder, "first")) || undefined);
    const { port } = server;
    const left = request({ host: "127.0.0.1", port, method: "POST", path: "/score", agent: false });
    left.on("error", () => undefined);
    left.end("left");
    // What was sent behind it has been answered: the server has seen that one.
    await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" });
    left.destroy();
    await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" });
    await writeFile(join(folder, "go"), "");
    await first;
    await score(server, "last");
    expect(existsSync(join(folder, "left"))).toBe(false);
  });

  it("send what a generator yields as it comes", async () => {
    await script(`${waiting}
def run(data):
    yield "one\\n"
    wait_for("go")
    yield {"two": 2}
`);
    const server = await serve();
    await server.started;
    const { port } = server;
    const pieces: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    get({ host: "127.0.0.1", port, path: "/score", agent: false }, (reply) => {
      reply.on("data", (piece: Buffer) => {
        pieces.push(piece.toString());
        if (pieces.length === 1) void writeFile(join(folder, "go"), "");
      });
      reply.on("end", () => {
        resolve(undefined);
      });
    });
    await promise;
    expect(pieces).toEqual(["one\n", '{"two": 2}']);
  });

  it("cut the connection where a stream fails", async () => {
    await script("def init(): pass\ndef run(data):\n    yield 'one'\n    raise ValueError('midway')\n");
    const server = await serve();
    await server.started;
    await expect(score(server, "x")).rejects.toThrow("aborted");
    expect((await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" })).status).toBe(200);
  });
});

describe("--reload", () => {
  const version = (text: string): string =>
    `def init(): pass\ndef run(data): return ${JSON.stringify(text)}\n`;

  it("serves what is edited, and the former code where the edit is broken", async () => {
    await script(version("one"));
    const server = await serve({ reloads: true });
    await server.started;
    const answers = (text: string) => async () =>
      (await score(server, "x")).body === `"${text}"` ? true : undefined;
    await until("the first", answers("one"));
    await script(version("two"));
    await until("the edit", answers("two"));
    await script("def init(:\n");
    await until("the news", () => log.includes("The changed code cannot be served") || undefined);
    expect(await score(server, "x")).toEqual({ status: 200, body: '"two"' });
    expect(log).toContain("SyntaxError");
    await script(version("six"));
    await until("the next", answers("six"));
  });
});

it("lets a script say goodbye, and leaves nothing behind", async () => {
  await script(`
import atexit, os, subprocess
def init():
    subprocess.Popen(["sleep", "600"])
    atexit.register(lambda: open(os.path.join(os.environ["FOLDER"], "goodbye"), "w").write("said"))
def run(data): return data
`);
  const server = await serve();
  await server.started;
  expect(tree.list().some(({ command }) => command.startsWith("sleep"))).toBe(true);
  await server.stop();
  expect(await readFile(join(folder, "goodbye"), "utf8")).toBe("said");
  expect(tree.list()).toEqual([]);
});
