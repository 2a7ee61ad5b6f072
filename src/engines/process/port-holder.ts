import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

const listening = "0A";

/**
 * Who listens on a TCP port, as far as this user may know: other people's sockets have no readable owner, and only
 * Linux has /proc.
 */
export function portHolder(port: number): PortHolder | null {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listenersIn(table, port)));
  if (inodes.size === 0) return null;
  for (const pid of entriesOf("/proc").filter((name) => /^\d+$/.test(name))) {
    if (holdsOneOf(pid, inodes)) return { pid: Number(pid), command: commandOf(pid) };
  }
  return null;
}

/** As `python3 (pid 4711)`. */
export function describeHolder({ pid, command }: PortHolder): string {
  return `${command} (pid ${String(pid)})`;
}

function listenersIn(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readIfAllowed(table)
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === listening && local.endsWith(wanted) && inode !== undefined ? [inode] : [];
    });
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return entriesOf(folder).some((descriptor) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${descriptor}`)) ?? [];
      return inode !== undefined && inodes.has(inode);
    } catch {
      // Closed while we looked.
      return false;
    }
  });
}

/** The program, and the script and word that it runs, since most programs are interpreters. */
function commandOf(pid: string): string {
  const [program = "", ...words] = readIfAllowed(`/proc/${pid}/cmdline`).split("\0");
  const name = basename(program) || readIfAllowed(`/proc/${pid}/comm`).trim() || "a process";
  const told = words.filter((word) => word !== "" && !word.startsWith("-")).slice(0, 2);
  return [name, ...told.map((word) => basename(word))].join(" ");
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readIfAllowed(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
