import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

/** Inherited by every process of a tree, also by those that were forked, detached or adopted by init. */
const MARK = "HOSTLER_TEST_TREE";

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** What it calls itself, at most 15 characters. */
  readonly name: string;
  readonly command: string;
}

/**
 * Everything that a command starts, found by an environment variable of its own. It is read from /proc; where there is
 * none (macOS) the tree looks empty, and a leak goes unseen: CI runs on Linux.
 */
export class ProcessTree {
  readonly #mark = `${MARK}=${randomUUID()}`;

  /** What the root of the tree must have in its environment. */
  get environment(): Record<string, string> {
    const [name = "", value = ""] = this.#mark.split("=");
    return { [name]: value };
  }

  /** The living processes; what has ended and was not reaped yet does not count. */
  list(): ProcessInfo[] {
    if (!existsSync("/proc/self/environ")) return [];
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.flatMap((pid) => {
      const environment = readProcess(pid, "environ");
      return environment?.split("\0").includes(this.#mark) === true ? describe(pid) : [];
    });
  }

  /** Fails if a process is still there after `graceMs`, and kills it then. */
  async expectNone(graceMs: number): Promise<void> {
    try {
      await until("all processes to end", () => (this.list().length === 0 ? true : undefined), graceMs);
    } catch {
      const left = this.list().map(({ pid, command }) => `${String(pid)} ${command}`);
      this.kill();
      throw new Error(`Left behind ${String(graceMs)} ms after the end:\n${left.join("\n")}`);
    }
  }

  kill(): void {
    for (const { pid } of this.list()) killHard(pid);
  }
}

function describe(pid: string): ProcessInfo[] {
  const stat = readProcess(pid, "stat");
  const command = readProcess(pid, "cmdline");
  if (stat === undefined || command === undefined) return [];
  // The name, in parentheses, may hold spaces and parentheses of its own.
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return [];
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  return [{ pid: Number(pid), parent: Number(parent), name, command: command.replaceAll("\0", " ").trim() }];
}

/** Undefined for a process that has just ended, or belongs to somebody else. */
function readProcess(pid: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

/** The process of a tree that calls itself so and is not `other`; 0 where there is none. */
export function pidOf(
  tree: { readonly processes: () => readonly ProcessInfo[] },
  name: "hostler-worker" | "hostler-zygote",
  other = 0,
): number {
  return tree.processes().find((one) => one.name === name && one.pid !== other)?.pid ?? 0;
}

export function kill(...pids: readonly number[]): void {
  for (const pid of pids) {
    if (pid <= 1) throw new Error(`There is no process ${String(pid)} to kill.`);
    killHard(pid);
  }
}
