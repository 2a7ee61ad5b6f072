import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServingError } from "../../src/contracts/serving-error.ts";
import { whole } from "../../src/core/testing/whole-body.ts";
import { handlerRequest, textOf, useHandlers } from "../support/handler-rig.ts";
import { until } from "../support/until.ts";

const rig = useHandlers();

const echo = `
def handle(data, context):
    return None if data is None else [one["body"] for one in data]
`;
/** Says that it has begun, then does not come back. */
const hangs = `
import time
def handle(data, context):
    if data is None: return
    print("begun")
    time.sleep(60)
`;

describe("a handler's process", () => {
  it("answers batches, in their order", async () => {
    const handler = await rig.start(echo, { batchSize: 3 });
    expect(textOf(await handler.run([handlerRequest("a"), handlerRequest("b"), handlerRequest("c")]))).toBe(
      "a|b|c",
    );
    expect(textOf(await handler.run([handlerRequest("d")]))).toBe("d");
  });

  it("answers bodies of many bytes byte for byte", async () => {
    const handler = await rig.start(echo);
    const body = Buffer.alloc(5_000_000, "0123456789abcdef\u0000ÿ", "latin1");
    const outcome = await handler.run([handlerRequest(body)]);
    const [item] = outcome.kind === "answered" ? outcome.items : [];
    expect(Buffer.compare(whole(item?.body ?? Buffer.alloc(0)), body)).toBe(0);
  });

  it("hands status, headers and content type through", async () => {
    const handler = await rig.start(`
def handle(data, context):
    if data is None: return
    context.set_response_content_type(0, "text/csv")
    context.set_response_header(0, "X-Foo", context.get_request_header(0, "X-One"))
    context.set_response_status(418, "teapot!", 0)
    return ["ok"]
`);
    expect(await handler.run([handlerRequest("", ["X-One", "ä"])])).toMatchObject({
      kind: "answered",
      items: [{ status: 418, phrase: "teapot!", headers: ["X-Foo", "ä"], contentType: "text/csv" }],
    });
  });

  it("tells what its handler raised, and goes on", async () => {
    const handler = await rig.start(`
def handle(data, context):
    if data is None: return
    return [str(1 / len(data[0]["body"]))]
`);
    const failure = {
      kind: "failed",
      status: 503,
      message: "Prediction failed",
      type: "InternalServerException",
    };
    expect(await handler.run([handlerRequest("")])).toEqual(failure);
    expect(textOf(await handler.run([handlerRequest("ab")]))).toBe("0.5");
    await until("the traceback", () => rig.lines.find((line) => line.includes("ZeroDivisionError")));
  });

  it("writes to the log line by line, also from C and from children", async () => {
    await rig.start(`
import os, subprocess
def handle(data, context):
    print("printed")
    os.write(2, b"raw\\n")
    subprocess.run(["sh", "-c", "echo child"])
`);
    await until("the lines", () => (rig.lines.length >= 3 ? rig.lines : undefined));
    expect([...rig.lines].sort()).toEqual(["stderr: raw", "stdout: child", "stdout: printed"]);
  });

  it("has its own working folder, variables and module state", async () => {
    const looks = `
import os
loads = []
def handle(data, context):
    loads.append(1)
    if data is None: return
    return [[os.getcwd(), os.environ.get("OWN"), os.environ.get("SERVERS_OWN"), len(loads)]]
`;
    const one = await rig.start(looks, { variables: { OWN: "a" } });
    const other = await rig.start(looks, { hiddenVariables: ["SERVERS_OWN"] });
    expect(JSON.parse(textOf(await one.run([handlerRequest("")])))).toEqual([rig.folder, "a", "1", 2]);
    expect(JSON.parse(textOf(await other.run([handlerRequest("")])))).toEqual([rig.folder, null, null, 2]);
    expect(one.pid).not.toBe(other.pid);
  });

  it("is measured", async () => {
    const handler = await rig.start(`held = bytearray(64 << 20)\nheld[:] = b"x" * len(held)\n${echo}`);
    expect(await handler.memoryBytes()).toBeGreaterThan(60 << 20);
    await handler.stop(0);
    expect(await handler.memoryBytes()).toBe(0);
  });
});

describe("a handler that cannot be loaded", () => {
  it.each([
    ["def handle(data, context):\n    raise RuntimeError('boom')", "RuntimeError: boom (h.py:2)"],
    [
      "class H:\n    def initialize(self, c): raise RuntimeError('boom')\n    def handle(self, d, c): ...",
      "boom (h.py:2)",
    ],
    ["import os\nos._exit(3)", "(exit code 3)"],
    ["import os\nos.kill(os.getpid(), 9)", "(killed by SIGKILL)"],
    ["x = 1", "classes found: none"],
  ])("says why, and leaves nothing: %j", async (module, reason) => {
    const before = rig.runtime.processes.workers;
    const error = await rig.start(module).then(
      () => undefined,
      (raised: unknown) => ServingError.from(raised),
    );
    expect(error?.code).toBe("MODEL_LOAD_FAILED");
    expect(error?.message).toContain(reason);
    expect(rig.runtime.processes.workers).toEqual(before);
  });

  it.each([
    "def handle(data, context): raise MemoryError('x')",
    "class H:\n    def initialize(self, c): raise MemoryError('x')\n    def handle(self, d, c): ...",
    "raise MemoryError('x')",
  ])("for want of memory says so: %j", async (module) => {
    await expect(rig.start(module)).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(textOf(await (await rig.start(echo)).run([handlerRequest("then it works")]))).toBe(
      "then it works",
    );
  });

  it("is ended while it loads when nobody wants it any more", async () => {
    const { promise: abandoned, resolve } = Promise.withResolvers<undefined>();
    const launch = await rig.launchOf("import time\nprint('begun')\ntime.sleep(60)", { abandoned });
    const starting = rig.runtime.startHandler(launch, (_, text) => rig.lines.push(text));
    const rejection = expect(starting).rejects.toMatchObject({ code: "MODEL_LOAD_FAILED" });
    await until("the load", () => rig.lines.find((line) => line === "begun"));
    resolve(undefined);
    await rejection;
    expect(rig.runtime.processes.workers).toEqual([]);
  });
});

describe("the end of a handler's process", () => {
  it("fails the batch that it ran, and says how it ended", async () => {
    const handler = await rig.start(`
import os
def handle(data, context):
    if data is None: return
    os.kill(os.getpid(), 9)
`);
    expect(await handler.run([handlerRequest("")])).toEqual({ kind: "crashed", reason: "killed by SIGKILL" });
    expect(await handler.ended).toEqual({ reason: "killed by SIGKILL", isHopeless: false });
    expect(await handler.run([handlerRequest("")])).toMatchObject({ kind: "not-started" });
  });

  it("comes at once when it is killed, also for one that hangs, with its children", async () => {
    const handler = await rig.start(
      hangs.replace(
        "time.sleep(60)",
        "import subprocess; print(subprocess.Popen(['sleep', '60']).pid); time.sleep(60)",
      ),
    );
    const running = handler.run([handlerRequest("")]);
    const line = await until("the child", () => rig.lines.find((text) => /^stdout: \d+$/.test(text)));
    handler.kill();
    expect(await running).toMatchObject({ kind: "crashed" });
    expect(isAlive(handler.pid)).toBe(false);
    await until("the child's end", () => (isAlive(Number(line.split(" ")[1])) ? undefined : true));
  });

  it("waits for what it runs, and runs what was registered for it", async () => {
    const handler = await rig.start(`
import atexit, time
atexit.register(lambda: print("at exit"))
def handle(data, context):
    if data is None: return
    print("begun")
    time.sleep(0.2)
    return ["done"]
`);
    const running = handler.run([handlerRequest("")]);
    await until("the call", () => rig.lines.find((line) => line.endsWith("begun")));
    await handler.stop(10_000);
    expect(textOf(await running)).toBe("done");
    expect(await handler.ended).toEqual({ reason: "it was stopped", isHopeless: false });
    await until("the last line", () => rig.lines.find((line) => line === "stdout: at exit"));
  });

  it("comes after the grace for one that hangs", async () => {
    const handler = await rig.start(hangs);
    const running = handler.run([handlerRequest("")]);
    await until("the call", () => rig.lines.find((line) => line.endsWith("begun")));
    await handler.stop(50);
    expect(await running).toMatchObject({ kind: "crashed" });
    expect(isAlive(handler.pid)).toBe(false);
  });

  it("comes with the runtime's, and the zygotes' too", async () => {
    const own = rig.newRuntime();
    const launch = await rig.launchOf(hangs);
    const handler = await own.startHandler(launch, (source, text) => rig.lines.push(`${source}: ${text}`));
    const running = handler.run([handlerRequest("")]);
    await until("the call", () => rig.lines.find((line) => line.endsWith("begun")));
    const { zygotes, workers } = own.processes;
    expect(workers).toEqual([handler.pid]);
    expect(zygotes).toHaveLength(1);
    await own.stop();
    expect(await running).toMatchObject({ kind: "crashed" });
    for (const pid of [...zygotes, ...workers]) expect(isAlive(pid)).toBe(false);
  });

  it("does not come with its zygote's: the next handler gets a new one", async () => {
    const handler = await rig.start(echo);
    const [zygote = 0] = rig.runtime.processes.zygotes;
    process.kill(zygote, "SIGKILL");
    await until("its end", () => (rig.runtime.processes.zygotes.includes(zygote) ? undefined : true));
    expect(textOf(await handler.run([handlerRequest("still here")]))).toBe("still here");
    expect(textOf(await (await rig.start(echo)).run([handlerRequest("new")]))).toBe("new");
    handler.kill();
    await handler.ended;
    expect(isAlive(handler.pid)).toBe(false);
  });
});

describe("many handlers", () => {
  it("load, answer and end though their zygotes are killed again and again", async () => {
    const starts = { areOver: false };
    const killing = (async () => {
      for (let kills = 0; kills < 5; kills += 1) {
        const zygote = (): number | undefined =>
          rig.runtime.processes.zygotes[0] ?? (starts.areOver ? 0 : undefined);
        const pid = await until("a zygote", zygote);
        if (pid === 0) return;
        process.kill(pid, "SIGKILL");
        await until("its end", () => (rig.runtime.processes.zygotes.includes(pid) ? undefined : true));
      }
    })();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, async (_, index) => {
        const handler = await rig.start(echo);
        const answer = textOf(await handler.run([handlerRequest(String(index))]));
        await handler.stop(1000);
        return answer === String(index) && !isAlive(handler.pid);
      }),
    );
    starts.areOver = true;
    await killing;
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") expect(outcome.value).toBe(true);
      else
        expect(ServingError.from(outcome.reason).code).toMatch(/^(MODEL_LOAD_FAILED|ENVIRONMENT_UNUSABLE)$/);
    }
    expect(textOf(await (await rig.start(echo)).run([handlerRequest("afterwards")]))).toBe("afterwards");
  });

  it("load at once, in processes that share what is common", async () => {
    const started = await Promise.all(Array.from({ length: 20 }, () => rig.start(echo)));
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(20);
    const answers = await Promise.all(
      started.map((handler, index) => handler.run([handlerRequest(String(index))])),
    );
    expect(answers.map(textOf)).toEqual(started.map((_, index) => String(index)));
    const sizes = await Promise.all(started.map(({ pid }) => proportionalBytes(pid)));
    expect(Math.max(...sizes)).toBeLessThan(6 << 20);
    await Promise.all(started.map((handler) => handler.stop(1000)));
    expect(started.some(({ pid }) => isAlive(pid))).toBe(false);
  });
});

describe("a model's own requirements", () => {
  it("are not those of the server, nor taught to others", async () => {
    const code = join(rig.folder, "code");
    await mkdir(code);
    await writeFile(join(code, "requirements.txt"), "numpy\n");
    const uses = `import numpy\n${echo}`;
    await rig.start(uses);
    const plain = `
import sys
before = "numpy" in sys.modules
def handle(data, context):
    if data is None: return
    return [before]
`;
    expect(textOf(await (await rig.start(plain)).run([handlerRequest("")]))).toBe("false");
  });
});

/** Whether a process runs; one that has ended and was not reaped yet does not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${String(pid)}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What a process holds, its share of what it has in common with others included. */
async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/smaps_rollup`, "utf8");
  return 1024 * Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
}
