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

/**
 * The exact figure means a walk over all pages of a process, milliseconds in which it waits; what its own pages have grown
 * by since is one cheap line. Pages that a fork has copied only since then are missed for so long.
 */
const exactForMs = 1000;

interface ExactFigure {
  readonly at: number;
  readonly bytes: number;
  /** Its own, unmapped to any file, at that time. */
  readonly anonymousBytes: number;
}

/** Measures the process tree: private bytes of the front and the workers, and each zygote once with all it shares. */
export class ProcessMemory implements MemoryProbe {
  readonly #processes: () => ProcessIds;
  readonly #known = new Map<number, ExactFigure>();

  constructor(processes: () => ProcessIds) {
    this.#processes = processes;
  }

  async measure(): Promise<number> {
    const { front, workers, zygotes } = this.#processes();
    const all = [front, ...workers, ...zygotes];
    if (process.platform !== "linux") return residentBytes(all);
    for (const pid of this.#known.keys()) if (!all.includes(pid)) this.#known.delete(pid);
    const parts = await Promise.all([
      ...[front, ...workers].map((pid) => this.#bytesOf(pid, privateFields)),
      ...zygotes.map((pid) => this.#bytesOf(pid, residentFields)),
    ]);
    return parts.reduce((sum, bytes) => sum + bytes, 0);
  }

  async #bytesOf(pid: number, fields: RegExp): Promise<number> {
    const anonymousBytes = await anonymousBytesOf(pid);
    // It has ended, and holds nothing.
    if (anonymousBytes === null) return 0;
    const known = this.#known.get(pid);
    const now = performance.now();
    if (known !== undefined && now - known.at < exactForMs) {
      return Math.max(0, known.bytes + anonymousBytes - known.anonymousBytes);
    }
    const bytes = await linuxBytes(pid, fields);
    this.#known.set(pid, { at: now, bytes, anonymousBytes });
    return bytes;
  }
}

/** Lines of smaps_rollup, in KiB. What was swapped out comes back when it is touched: it is held all the same. */
const privateFields = /^(?:Private_Clean|Private_Dirty|Swap):\s+(\d+) kB$/gm;
const residentFields = /^(?:Rss|Swap):\s+(\d+) kB$/gm;
/** Line of `status`, where the kernel has no smaps_rollup. */
const statusFields = /^VmRSS:\s+(\d+) kB$/gm;

/** On every architecture that this runs on with its usual kernel; a larger page makes the estimate too small, never the exact figure. */
const pageBytes = 4096;

/** Resident pages that belong to no file; null for a process that is gone. */
async function anonymousBytesOf(pid: number): Promise<number | null> {
  const [, resident, ofFiles] = (await readOrNull(`/proc/${String(pid)}/statm`))?.split(" ") ?? [];
  return resident === undefined || ofFiles === undefined
    ? null
    : (Number(resident) - Number(ofFiles)) * pageBytes;
}

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
