import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { MemoryProbe } from "../core/ports/memory-probe.ts";

export interface ProcessIds {
  readonly front: number;
  /** Forked from zygotes: what they share with theirs is counted there. */
  readonly workers: readonly number[];
  readonly zygotes: readonly number[];
}

const run = promisify(execFile);

/** Measures the process tree: private bytes of the front and the workers, and each zygote once with all it shares. */
export class ProcessMemory implements MemoryProbe {
  readonly #processes: () => ProcessIds;

  constructor(processes: () => ProcessIds) {
    this.#processes = processes;
  }

  async measure(): Promise<number> {
    const { front, workers, zygotes } = this.#processes();
    if (process.platform !== "linux") return residentBytes([front, ...workers, ...zygotes]);
    const parts = await Promise.all([
      ...[front, ...workers].map((pid) => linuxBytes(pid, privateFields)),
      ...zygotes.map((pid) => linuxBytes(pid, residentFields)),
    ]);
    return parts.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** Lines of smaps_rollup, in KiB. What was swapped out comes back when it is touched: it is held all the same. */
const privateFields = /^(?:Private_Clean|Private_Dirty|Swap):\s+(\d+) kB$/gm;
const residentFields = /^(?:Rss|Swap):\s+(\d+) kB$/gm;
/** Line of `status`, where the kernel has no smaps_rollup. */
const statusFields = /^VmRSS:\s+(\d+) kB$/gm;

async function linuxBytes(pid: number, fields: RegExp): Promise<number> {
  const folder = `/proc/${String(pid)}`;
  const rollup = await readOrNull(`${folder}/smaps_rollup`);
  if (rollup !== null) return kibibytes(rollup, fields);
  // The process may also be gone: then there is no status either, and it holds nothing.
  return kibibytes((await readOrNull(`${folder}/status`)) ?? "", statusFields);
}

function kibibytes(text: string, fields: RegExp): number {
  let sum = 0;
  for (const [, amount] of text.matchAll(fields)) sum += Number(amount);
  return sum * 1024;
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, "latin1");
  } catch {
    return null;
  }
}

/** Where there is no /proc, resident bytes have to do: more than is private, never less. */
async function residentBytes(pids: readonly number[]): Promise<number> {
  try {
    const { stdout } = await run("ps", ["-o", "rss=", "-p", pids.join(",")]);
    return stdout.split("\n").reduce((sum, line) => sum + Number(line) * 1024, 0);
  } catch {
    return process.memoryUsage.rss();
  }
}
