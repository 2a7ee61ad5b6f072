import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { get, type HttpReply, postJson, send } from "../support/http.ts";
import { startModelHost } from "../support/model-host.ts";
import { hostlerCommand } from "../support/paths.ts";
import { freePort } from "../support/ports.ts";
import { kill, type ProcessInfo } from "../support/processes.ts";
import { until } from "../support/until.ts";

/**
 * A model that does what it is told: on loading by the files beside it, in calls by their text. What it allocates is real,
 * and so is the limit that it runs into.
 */
const handler = `import os, resource, time

def limit(more):
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + more, resource.RLIM_INFINITY))

def handle(data, context):
    if data is None:
        open("loading", "w").close()
        if os.path.exists("hang"):
            time.sleep(600)
        if os.path.exists("limited"):
            limit(64 << 20)
        for name in ("ballast", "huge"):
            if os.path.exists(name):
                global ballast
                ballast = bytearray(os.urandom(1 << 20)) * int(open(name).read())
        return None
    return [answer(bytes(one["body"]).decode()) for one in data]

def answer(text):
    word, _, argument = text.partition(" ")
    if word == "sleep":
        open("begun", "w").close()
        time.sleep(float(argument))
    if word == "allocate":
        limit(64 << 20)
        return str(len(bytearray(int(argument) << 20)))
    if word == "large":
        return "x" * int(argument)
    return f"{text} from {os.path.basename(os.path.dirname(os.getcwd()))} {os.getpid()}"
`;

let cleanup: Cleanup;
let folder: string;

beforeEach(async () => {
  cleanup = new Cleanup();
  const temporary = await temporaryFolder();
  cleanup.add(temporary.remove);
  folder = temporary.path;
});
afterEach(() => cleanup.run());

/** A container of many models, and what its platform does with it. */
interface Container {
  readonly url: string;
  readonly processes: () => readonly ProcessInfo[];
  readonly stop: (signal?: NodeJS.Signals) => Promise<unknown>;
  /** The status of LOAD. */
  readonly load: (name: string) => Promise<number>;
  readonly unload: (name: string) => Promise<number>;
  readonly invoke: (name: string, text: string) => Promise<HttpReply>;
  readonly list: () => Promise<readonly string[]>;
}

const page = z.object({ models: z.array(z.object({ modelName: z.string() })) });

async function start(env: Readonly<Record<string, string>> = {}): Promise<Container> {
  const port = String(await freePort());
  const { server } = await startModelHost({
    command: [hostlerCommand, "serve"],
    env: {
      ...{ SAGEMAKER_MULTI_MODEL: "true", SAGEMAKER_BIND_TO_PORT: port, SAGEMAKER_BASE_DIR: folder },
      ...{ SAGEMAKER_HANDLER: "service.py:handle", ...env },
    },
    cwd: folder,
  });
  cleanup.add(async () => {
    await server.stop();
  });
  const url = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "text/plain" };
  return {
    ...{ url, processes: server.processes, stop: server.stop },
    load: async (name) => {
      const order = { model_name: name, url: join(folder, "models", name, "model") };
      return (await postJson(url, "/models", order)).status;
    },
    unload: async (name) => (await send(url, { method: "DELETE", path: `/models/${name}` })).status,
    invoke: (name, body) => send(url, { method: "POST", path: `/models/${name}/invoke`, headers, body }),
    list: async () => {
      const { models } = page.parse(JSON.parse((await get(url, "/models")).body));
      return models.map(({ modelName }) => modelName);
    },
  };
}

/** A model's folder; `files` tell it how to behave. */
async function model(name: string, files: Readonly<Record<string, string>> = {}): Promise<void> {
  await mkdir(fileOf(name, "."), { recursive: true });
  await writeFile(fileOf(name, "service.py"), handler);
  for (const [file, text] of Object.entries(files)) await writeFile(fileOf(name, file), text);
}

function fileOf(name: string, file: string): string {
  return join(folder, "models", name, "model", file);
}

function written(name: string, file: string): Promise<true> {
  return until(`${name}/${file}`, () => (existsSync(fileOf(name, file)) ? true : undefined));
}

/** The process that answers for a model. */
async function pidOf(container: Container, name: string): Promise<number> {
  const { body } = await container.invoke(name, "who");
  return Number(body.split(" ").at(-1));
}

function count(container: Container, name: string): number {
  return container.processes().filter((one) => one.name === name).length;
}

/** A call that is under way in the model's process when this resolves. */
async function underWay(
  container: Container,
  name: string,
  seconds: number,
): Promise<{ readonly reply: Promise<HttpReply | Error> }> {
  await rm(fileOf(name, "begun"), { force: true });
  const reply = container.invoke(name, `sleep ${String(seconds)}`).catch((error: unknown) => {
    return error instanceof Error ? error : new Error(String(error));
  });
  await written(name, "begun");
  return { reply };
}

function statusOf(reply: HttpReply | Error): number | string {
  return reply instanceof Error ? reply.message : reply.status;
}

describe("kill -9", () => {
  test("of a worker fails the call that it runs, and no other", async () => {
    for (const name of ["one", "two"]) await model(name);
    const container = await start();
    for (const name of ["one", "two"]) expect(await container.load(name)).toBe(200);
    const pid = await pidOf(container, "one");
    const [dies, lives] = [await underWay(container, "one", 30), await underWay(container, "two", 1)];
    const waits = container.invoke("one", "after");
    kill(pid);
    expect(statusOf(await dies.reply)).toBe(503);
    expect((await waits).body).toMatch(/^after from one/);
    expect(statusOf(await lives.reply)).toBe(200);
    expect(await pidOf(container, "one")).not.toBe(pid);
    expect((await get(container.url, "/ping")).status).toBe(200);
    expect(await container.unload("one")).toBe(200);
    expect([count(container, "hostler-handler"), await container.list()]).toEqual([1, ["two"]]);
  });

  test("of the zygote fails nothing, and the next worker and the next model have a new one", async () => {
    for (const name of ["one", "two"]) await model(name);
    const container = await start();
    expect(await container.load("one")).toBe(200);
    const call = await underWay(container, "one", 1);
    const zygotes = container.processes().filter(({ name }) => name === "hostler-zygote");
    kill(...zygotes.map(({ pid }) => pid));
    expect(await container.load("two")).toBe(200);
    expect(statusOf(await call.reply)).toBe(200);
    kill(await pidOf(container, "one"));
    const answers = await Promise.all(["one", "two"].map((name) => container.invoke(name, "hi")));
    // The first may still have been sent to the one that was killed.
    for (const { status } of answers) expect([200, 503]).toContain(status);
    const again = await Promise.all(["one", "two"].map((name) => container.invoke(name, "hi")));
    expect(again.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("of the front ends everything, with calls and a load under way", async () => {
    await model("one");
    await model("hangs", { hang: "" });
    const container = await start();
    expect(await container.load("one")).toBe(200);
    const call = await underWay(container, "one", 60);
    const loading = container.load("hangs").catch(() => "cut");
    await written("hangs", "loading");
    // Fails by itself where a process is left after two seconds, or anything in the folder for temporary files.
    await container.stop("SIGKILL");
    expect([await call.reply, await loading]).toEqual([expect.any(Error), "cut"]);
  });
});

describe("memory that runs out", () => {
  test("for good while a model loads: 507, nothing stays, and the same load goes well when there is room", async () => {
    await model("big", { limited: "", huge: "512" });
    await model("small");
    const container = await start();
    expect(await container.load("small")).toBe(200);
    for (let attempt = 0; attempt < 2; attempt += 1) expect(await container.load("big")).toBe(507);
    expect([count(container, "hostler-handler"), await container.list()]).toEqual([1, ["small"]]);
    await rm(fileOf("big", "limited"));
    expect(await container.load("big")).toBe(200);
    expect((await container.invoke("big", "hi")).status).toBe(200);
  });

  test("in a call: 507 for that call, and the model goes on", async () => {
    await model("one");
    const container = await start();
    expect(await container.load("one")).toBe(200);
    const pid = await pidOf(container, "one");
    expect((await container.invoke("one", "allocate 4096")).status).toBe(507);
    expect((await container.invoke("one", "allocate 1")).body).toBe(String(1 << 20));
    expect(await pidOf(container, "one")).toBe(pid);
  });

  test("of the budget: 507 until something goes, also after a kill -9", async () => {
    for (const name of ["one", "two"]) await model(name, { ballast: "200" });
    const container = await start({ HOSTLER_MEMORY_BUDGET: "400MiB" });
    expect(await container.load("one")).toBe(200);
    expect(await container.load("two")).toBe(507);
    const pid = await pidOf(container, "one");
    kill(pid);
    await until("the next worker", async () => {
      const next = await pidOf(container, "one");
      return Number.isInteger(next) && next !== pid ? true : undefined;
    });
    expect(await container.load("two")).toBe(507);
    expect(await container.unload("one")).toBe(200);
    expect(await container.load("two")).toBe(200);
    expect(await container.list()).toEqual(["two"]);
  });
});

describe("a handler that hangs", () => {
  test("in a call is ended after the response timeout, and hinders no other model", async () => {
    for (const name of ["hangs", "other"]) await model(name);
    const container = await start({ SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS: "1" });
    for (const name of ["hangs", "other"]) expect(await container.load(name)).toBe(200);
    const pid = await pidOf(container, "hangs");
    const call = await underWay(container, "hangs", 600);
    expect((await container.invoke("other", "hi")).status).toBe(200);
    const reply = await call.reply;
    expect(reply).toMatchObject({ status: 503 });
    expect(reply instanceof Error ? "" : reply.body).toContain("A batch ran for more than 1 s.");
    expect(await pidOf(container, "hangs")).not.toBe(pid);
    expect(count(container, "hostler-handler")).toBe(2);
  });

  test("while it loads is ended after the startup timeout, or by an unload, and its name is free again", async () => {
    await model("hangs", { hang: "" });
    const container = await start({ SAGEMAKER_STARTUP_TIMEOUT: "2" });
    expect(await container.load("hangs")).toBe(500);
    expect(await container.list()).toEqual([]);
    const loading = container.load("hangs");
    await until("the load", async () => ((await container.list()).length > 0 ? true : undefined));
    expect(await container.load("hangs")).toBe(409);
    expect([await container.unload("hangs"), await loading]).toEqual([200, 500]);
    await rm(fileOf("hangs", "hang"));
    expect(await container.load("hangs")).toBe(200);
  });
});

test("an answer over the limit is a clear 500, and the connection and the worker stay", async () => {
  await model("one");
  const container = await start({ MMS_MAX_RESPONSE_SIZE: "100000" });
  expect(await container.load("one")).toBe(200);
  const pid = await pidOf(container, "one");
  expect((await container.invoke("one", "large 100000")).body).toHaveLength(100_000);
  const { status, body } = await container.invoke("one", "large 100001");
  expect([status, body]).toEqual([500, expect.stringContaining("max_response_size is 100000")]);
  expect(await pidOf(container, "one")).toBe(pid);
});
