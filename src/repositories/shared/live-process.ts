import { readFileSync } from "node:fs";

/** Whether there is a process of that number that has not ended; a zombie has. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(statOf(pid));
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When it began, in ticks since the machine started; empty where it cannot be told. */
export function beginningOf(pid: number): string {
  const stat = statOf(pid);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  } catch {
    return "";
  }
}
