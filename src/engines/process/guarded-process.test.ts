import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { GuardedProcess, type ProcessOrder } from "./guarded-process.ts";

const clock: Clock = {
  now: () => performance.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  defer: (callback) => {
    setImmediate(callback);
  },
};
const interpreter = process.env["HOSTLER_PYTHON"] ?? "python3";
const host = { interpreter, clock };
const patience = { timeout: 45_000, interval: 10 };

/** Writes the ids of a child that stays, and of a grandchild that left its group, its session and its parent. */
const family = `
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"])
said, say = os.pipe()  # when this one ends, nobody else says anything any more
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("daemon", os.getpid(), flush=True)
        os.write(say, b".")
        os.execvp("sleep", ["sleep", "1000"])
    os._exit(0)
os.read(said, 1)
print("child", child.pid, flush=True)
`;

let folder: string;
let lines: string[];
const started: GuardedProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-guard-"));
  lines = [];
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop(0)));
  await rm(folder, { recursive: true });
});

async function start(command: readonly string[], more: Partial<ProcessOrder> = {}): Promise<GuardedProcess> {
  const process_ = await GuardedProcess.start(
    {
      command,
      folder,
      variables: process.env,
      memoryBytes: null,
      onLine: (source, text) => lines.push(`${source}: ${text}`),
      ...more,
    },
    host,
  );
  started.push(process_);
  return process_;
}

function pidIn(word: string): number {
  const line = lines.find((one) => one.startsWith(`stdout: ${word} `));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}

async function said(word: string): Promise<number> {
  await vi.waitFor(() => {
    expect(pidIn(word)).toBeGreaterThan(1);
  }, patience);
  return pidIn(word);
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${String(pid)}`)) return false;
  return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
}

describe("a guarded process", () => {
  test("runs in its folder, with its variables, and what it wrote has come when it has ended", async () => {
    const one = await start(["sh", "-c", "pwd; echo $COLOUR >&2; exit 3"], {
      variables: { ...process.env, COLOUR: "green" },
    });
    expect(await one.ended).toEqual({ code: 3, signal: null });
    expect(lines.toSorted()).toEqual([`stderr: green`, `stdout: ${folder}`]);
  });

  test("says the signal that ended it", async () => {
    const one = await start(["sh", "-c", "kill -SEGV $$"]);
    expect(await one.ended).toEqual({ code: null, signal: "SIGSEGV" });
  });

  test("a program that is not there is told with its name", async () => {
    const failure: unknown = await start(["no-such-program"]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ServingError);
    expect(ServingError.from(failure).message).toMatch(/no-such-program cannot be started: .*No such file/);
  });

  test("an interpreter that is not there is told too", async () => {
    const order = { command: ["true"], folder, variables: {}, memoryBytes: null, onLine: () => undefined };
    await expect(GuardedProcess.start(order, { interpreter: "/no/python", clock })).rejects.toThrow(
      /\/no\/python/,
    );
  });

  test("what it leaves behind goes with it, daemons too", async () => {
    const one = await start([interpreter, "-c", family]);
    const pids = [await said("child"), await said("daemon")];
    expect(await one.ended).toEqual({ code: 0, signal: null });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test("stop asks all of it, and kills what does not listen", async () => {
    const deaf = `trap 'echo asked' TERM; sh -c "trap '' TERM; echo deaf \\$\\$; while :; do sleep 1; done" & echo up $$; wait; wait`;
    const one = await start(["sh", "-c", deaf]);
    const pids = [await said("up"), await said("deaf")];
    await one.stop(200);
    expect(lines).toContain("stdout: asked");
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test("stop lets a child end in its own time though its parent has gone", async () => {
    const slow = `sh -c "trap 'sleep 0.3; echo tidied; exit' TERM; echo slow \\$\\$; while :; do sleep 0.05; done" & echo up $$; wait`;
    const one = await start(["sh", "-c", slow]);
    await said("slow");
    await one.stop(5_000);
    expect(lines).toContain("stdout: tidied");
  });

  test("a command whose guardian is killed goes with it", async () => {
    const one = await start(["sh", "-c", "sleep 1000 & echo child $!; echo guard $PPID; wait"]);
    const child = await said("child");
    process.kill(await said("guard"), "SIGKILL");
    expect(await one.ended).toEqual({ code: null, signal: "SIGKILL" });
    await vi.waitFor(() => {
      expect([one.pid, child].filter(isAlive)).toEqual([]);
    }, patience);
  });

  test("each process may hold only so much memory", async () => {
    const greedy = "import sys\ntry: bytearray(512 << 20)\nexcept MemoryError: sys.exit(42)";
    const one = await start([interpreter, "-c", greedy], { memoryBytes: 256 * 2 ** 20 });
    expect(await one.ended).toEqual({ code: 42, signal: null });
  });

  test("a front that is killed takes everything with it", async () => {
    const front = spawn(
      process.execPath,
      [
        "--input-type=module-typescript",
        "--eval",
        `import { GuardedProcess } from ${JSON.stringify(join(import.meta.dirname, "guarded-process.ts"))};
         const clock = { now: () => 0, schedule: () => ({ cancel() {} }), defer() {} };
         await GuardedProcess.start({ command: [${JSON.stringify(interpreter)}, "-c", ${JSON.stringify(`${family}\ntime.sleep(1000)`)}],
           folder: "/", variables: process.env, memoryBytes: null, onLine: (_, text) => console.log(text) },
           { interpreter: ${JSON.stringify(interpreter)}, clock });`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    front.stdout.on("data", (chunk: Buffer) => {
      lines.push(
        ...chunk
          .toString()
          .trim()
          .split("\n")
          .map((line) => `stdout: ${line}`),
      );
    });
    const pids = [await said("child"), await said("daemon")];
    expect(pids.filter(isAlive)).toHaveLength(2);
    front.kill("SIGKILL");
    await vi.waitFor(() => {
      expect(pids.filter(isAlive)).toEqual([]);
    }, patience);
  });
});

test("where descriptors have run out the start is refused, and nobody else is hurt", async () => {
  const program = `
    import { openSync } from "node:fs";
    import { GuardedProcess } from ${JSON.stringify(join(import.meta.dirname, "guarded-process.ts"))};
    const order = { command: ["true"], folder: "/", variables: {}, memoryBytes: null, onLine: () => {} };
    try { for (;;) openSync("/dev/null"); } catch {}
    await GuardedProcess.start(order, { interpreter: "python3" }).catch((error) => {
      setTimeout(() => process.stdout.write(error.code), 50);
    });`;
  const words = ["-c", 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"', process.execPath, program];
  const { stdout } = await promisify(execFile)("sh", words);
  expect(stdout).toBe("DEPLOYMENT_FAILED");
});
