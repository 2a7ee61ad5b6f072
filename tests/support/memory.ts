import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningHostler } from "./hostler.ts";

const SAMPLE_MS = 10;

/**
 * What a server's processes hold, as an outside observer reads it: the private bytes of each, and of the zygote all,
 * since what it shares with its workers is there once.
 */
export function treeBytes(server: Pick<RunningHostler, "processes">): number {
  let sum = 0;
  for (const { pid, name } of server.processes()) {
    const isZygote = name === "hostler-zygote";
    sum +=
      kibibytes(pid, isZygote ? /^(?:Rss|Swap):\s+(\d+) kB$/gm : /^(?:Private_\w+|Swap):\s+(\d+) kB$/gm) *
      1024;
  }
  return sum;
}

function kibibytes(pid: number, fields: RegExp): number {
  try {
    const rollup = readFileSync(`/proc/${String(pid)}/smaps_rollup`, "latin1");
    return [...rollup.matchAll(fields)].reduce((sum, [, amount]) => sum + Number(amount), 0);
  } catch {
    // It has just ended.
    return 0;
  }
}

/** Watches a server's memory until it is told to stop. */
export class MemoryWatch {
  #highest = 0;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(server: Pick<RunningHostler, "processes">) {
    this.#done = this.#watch(server);
  }

  /** The most bytes that were held at any look. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#done;
    return this.#highest;
  }

  async #watch(server: Pick<RunningHostler, "processes">): Promise<void> {
    while (!this.#isStopped) {
      this.#highest = Math.max(this.#highest, treeBytes(server));
      await delay(SAMPLE_MS);
    }
  }
}
