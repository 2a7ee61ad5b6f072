import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { get, request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendTo } from "../support/azmlinfsrv.ts";
import { score, ScoreFolder } from "../support/score-folder.ts";
import { until } from "../support/until.ts";

let house: ScoreFolder;

beforeEach(async () => {
  house = await ScoreFolder.make();
});
afterEach(() => house.dispose());

const waiting = `
import os, time
def init(): pass
def wait_for(name):
    path = os.path.join(os.environ["FOLDER"], name)
    while not os.path.exists(path): time.sleep(0.005)
def mark(name):
    open(os.path.join(os.environ["FOLDER"], name), "w").close()
`;

describe("a script's output", () => {
  it("is shown once, in azmlinfsrv's format, whoever wrote it", async () => {
    await house.script(`
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
    const server = await house.serve();
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
      expect(house.log.match(line(level, rest)), rest).toHaveLength(1);
    }
    for (const text of ["from a child", "and its errors", "to stderr"]) {
      expect(house.log.match(new RegExp(`^${text}$`, "gm")), text).toHaveLength(1);
    }
  });

  it("is configured by the script's own logging.json, or by itself", async () => {
    await house.script(`
import logging
def init():
    logging.basicConfig(level=logging.DEBUG, format="own %(message)s")
    logging.debug("details")
def run(data): return data
`);
    const server = await house.serve();
    await server.started;
    await server.stop();
    expect(house.log).toMatch(/^own details$/m);
    const handler = { class: "logging.StreamHandler", formatter: "f", stream: "ext://sys.stdout" };
    const config = {
      version: 1,
      formatters: {
        f: { class: "azureml_inference_server_http.log_config.AMLLogFormatter", format: "mine: %(message)s" },
      },
      handlers: { h: handler },
      root: { level: "INFO", handlers: ["h"] },
    };
    await writeFile(join(house.path, "logging.json"), JSON.stringify(config));
    await house.script("import logging\ndef init(): logging.info('hello')\ndef run(data): return data\n");
    const other = await house.serve();
    await other.started;
    await other.stop();
    expect(house.log).toMatch(/^mine: hello$/m);
  });
});

describe("calls", () => {
  it("run at once in several workers", async () => {
    // Each call waits for the other to have begun.
    await house.script(`${waiting}
def run(data):
    mark(data); wait_for("a"); wait_for("b")
    return data
`);
    const server = await house.serve({ given: { workerCount: "2" } });
    await server.started;
    expect(await Promise.all([score(server, "a"), score(server, "b")])).toEqual([
      { status: 200, body: '"a"' },
      { status: 200, body: '"b"' },
    ]);
  });

  it("do not keep health and the description waiting", async () => {
    await house.script(`${waiting}
def run(data):
    mark("begun"); wait_for("go")
    return data
`);
    const server = await house.serve();
    await server.started;
    const call = score(server, "x");
    await until("run() to begin", () => existsSync(join(house.path, "begun")) || undefined);
    const plain = { method: "GET", headers: {}, body: "" };
    expect((await sendTo(server, { ...plain, target: "/" })).body.toString()).toBe("Healthy");
    expect((await sendTo(server, { ...plain, target: "/swagger.json" })).status).toBe(200);
    await writeFile(join(house.path, "go"), "");
    expect(await call).toEqual({ status: 200, body: '"x"' });
  });

  it("fail clearly when their process dies, and no other call does", async () => {
    await house.script(`${waiting}
def run(data):
    if data == "die":
        mark("dying"); wait_for("go")
        os.kill(os.getpid(), 9)
    return data
`);
    const server = await house.serve();
    await server.started;
    const dying = score(server, "die");
    await until("run() to begin", () => existsSync(join(house.path, "dying")) || undefined);
    const others = ["1", "2", "3"].map((body) => score(server, body));
    await writeFile(join(house.path, "go"), "");
    expect(await dying).toEqual({
      status: 500,
      body: '{"message": "The process that ran the scoring script ended during the call. Check the logs for more info."}',
    });
    expect(await Promise.all(others)).toEqual(
      ["1", "2", "3"].map((body) => ({ status: 200, body: `"${body}"` })),
    );
    await server.stop();
    expect(house.log).toMatch(/Worker \d+ ended \(killed by SIGKILL\) and is replaced/);
  });

  it("that cannot be interrupted are ended with their process", async () => {
    await house.script(`
import signal, time
def init(): pass
def run(data):
    if data == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(600)
    return data
`);
    const server = await house.serve({ environment: { SCORING_TIMEOUT_MS: "100" } });
    await server.started;
    expect(await score(server, "hang")).toEqual({
      status: 500,
      body: '{"message": "Scoring timeout after 100 ms"}',
    });
    expect(await score(server, "well")).toEqual({ status: 200, body: '"well"' });
  });

  it("are awaited where init() and run() are async", async () => {
    await house.script(`
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
    const server = await house.serve({ environment: { SCORING_TIMEOUT_MS: "300" } });
    await server.started;
    expect(await score(server, "x")).toEqual({ status: 200, body: '"x"' });
    expect(await score(server, "late")).toEqual({
      status: 500,
      body: '{"message": "Scoring timeout after 300 ms"}',
    });
    expect(await score(server, "y")).toEqual({ status: 200, body: '"y"' });
  });

  it("that nobody waits for any longer are not begun", async () => {
    await house.script(`${waiting}
def run(data):
    mark(data); wait_for("go")
    return data
`);
    const server = await house.serve();
    await server.started;
    const first = score(server, "first");
    await until("run() to begin", () => existsSync(join(house.path, "first")) || undefined);
    const { port } = server;
    const left = request({ host: "127.0.0.1", port, method: "POST", path: "/score", agent: false });
    left.on("error", () => undefined);
    left.end("left");
    // What was sent behind it has been answered: the server has seen that one.
    await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" });
    left.destroy();
    await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" });
    await writeFile(join(house.path, "go"), "");
    await first;
    await score(server, "last");
    expect(existsSync(join(house.path, "left"))).toBe(false);
  });

  it("send what a generator yields as it comes", async () => {
    await house.script(`${waiting}
def run(data):
    yield "one\\n"
    wait_for("go")
    yield {"two": 2}
`);
    const server = await house.serve();
    await server.started;
    const { port } = server;
    const pieces: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    get({ host: "127.0.0.1", port, path: "/score", agent: false }, (reply) => {
      reply.on("data", (piece: Buffer) => {
        pieces.push(piece.toString());
        if (pieces.length === 1) void writeFile(join(house.path, "go"), "");
      });
      reply.on("end", () => {
        resolve(undefined);
      });
    });
    await promise;
    expect(pieces).toEqual(["one\n", '{"two": 2}']);
  });

  it("cut the connection where a stream fails", async () => {
    await house.script("def init(): pass\ndef run(data):\n    yield 'one'\n    raise ValueError('midway')\n");
    const server = await house.serve();
    await server.started;
    await expect(score(server, "x")).rejects.toThrow("aborted");
    expect((await sendTo(server, { method: "GET", target: "/", headers: {}, body: "" })).status).toBe(200);
  });
});

describe("--reload", () => {
  const version = (text: string): string =>
    `def init(): pass\ndef run(data): return ${JSON.stringify(text)}\n`;

  it("serves what is edited, and the former code where the edit is broken", async () => {
    await house.script(version("one"));
    const server = await house.serve({ reloads: true });
    await server.started;
    const answers = (text: string) => async () =>
      (await score(server, "x")).body === `"${text}"` ? true : undefined;
    await until("the first", answers("one"));
    await house.script(version("two"));
    await until("the edit", answers("two"));
    await house.script("def init(:\n");
    await until("the news", () => house.log.includes("The changed code cannot be served") || undefined);
    expect(await score(server, "x")).toEqual({ status: 200, body: '"two"' });
    expect(house.log).toContain("SyntaxError");
    await house.script(version("six"));
    await until("the next", answers("six"));
  });
});

it("lets a script say goodbye, and leaves nothing behind", async () => {
  await house.script(`
import atexit, os, subprocess
def init():
    subprocess.Popen(["sleep", "600"])
    atexit.register(lambda: open(os.path.join(os.environ["FOLDER"], "goodbye"), "w").write("said"))
def run(data): return data
`);
  const server = await house.serve();
  await server.started;
  expect(house.tree.list().some(({ command }) => command.startsWith("sleep"))).toBe(true);
  await server.stop();
  expect(await readFile(join(house.path, "goodbye"), "utf8")).toBe("said");
  expect(house.tree.list()).toEqual([]);
});
