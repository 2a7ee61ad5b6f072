import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { describeExit, processState } from "./process-ends.ts";

/** Starts a child, lets it end without asking how, and prints its process id. */
const parent = `
import os, signal, sys, time
child = os.fork()
if child == 0:
    if sys.argv[1] == "exit": os._exit(int(sys.argv[2]))
    os.kill(os.getpid(), int(sys.argv[2]))
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read()
`;

const parents: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const one of parents.splice(0)) one.kill("SIGKILL");
});

async function endedChild(how: "exit" | "signal", value: number): Promise<number> {
  const interpreter = process.env["HOSTLER_PYTHON"] ?? "python3";
  const one = spawn(interpreter, ["-c", parent, how, String(value)], { stdio: ["pipe", "pipe", "inherit"] });
  parents.push(one);
  for await (const line of createInterface({ input: one.stdout })) return Number(line);
  throw new Error("It printed nothing.");
}

describe("a process that has ended and was not asked for", () => {
  it.each([
    ["exit", 0, "exit code 0"],
    ["exit", 79, "exit code 79"],
    ["signal", 9, "killed by SIGKILL"],
    ["signal", 11, "killed by SIGSEGV"],
  ] as const)("by %s %i says how", async (how, value, reason) => {
    expect(processState(await endedChild(how, value))).toEqual({ kind: "ended", reason });
  });
});

it("tells one that runs from one that is not there", () => {
  expect(processState(process.pid)).toEqual({ kind: "running" });
  expect(processState(2 ** 22 + 1)).toEqual({ kind: "gone" });
});

it("names signals, and numbers that have no name", () => {
  expect(describeExit({ code: 3, signal: null })).toBe("exit code 3");
  expect(describeExit({ code: null, signal: 6 })).toMatch(/^killed by SIG(?:ABRT|IOT)$/);
  expect(describeExit({ code: null, signal: 63 })).toBe("killed by signal 63");
});
