import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";

/** Where a process that was forked is in its life, as the system tells. */
export type ProcessState =
  | { readonly kind: "running" }
  /** It has ended, and whoever forked it has not asked how yet; null where the system does not say how. */
  | { readonly kind: "ended"; readonly reason: string | null }
  /** There is no such process. */
  | { readonly kind: "gone" };

/** Fields of `/proc/PID/stat` after the name, which may hold blanks and brackets: the state is the first, the wait status the last. */
const fieldsAfterName = /\) (\S) .*?(\d+)\s*$/su;

export function processState(pid: number): ProcessState {
  try {
    process.kill(pid, 0);
    if (!existsSync("/proc/self")) return { kind: "running" };
    const [, state, status] = fieldsAfterName.exec(readFileSync(`/proc/${String(pid)}/stat`, "utf8")) ?? [];
    if (state !== "Z" && state !== "X") return { kind: "running" };
    return { kind: "ended", reason: status === undefined ? null : reasonOf(Number(status)) };
  } catch {
    return { kind: "gone" };
  }
}

/** As `exit code 3` or `killed by SIGSEGV`. */
export function describeExit({ code, signal }: { readonly code: unknown; readonly signal: unknown }): string {
  return typeof code === "number" ? `exit code ${String(code)}` : `killed by ${signalName(signal)}`;
}

/** A wait status has the signal in its lowest seven bits, and the exit code above eight. */
function reasonOf(status: number): string {
  const signal = status & 0x7f;
  return describeExit(signal === 0 ? { code: status >> 8, signal: null } : { code: null, signal });
}

function signalName(signal: unknown): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found?.[0] ?? `signal ${String(signal)}`;
}
