import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginningOf, isAlive } from "../../repositories/shared/live-process.ts";

/** The process that a pid file tells of. */
export interface KnownProcess {
  readonly pid: number;
  readonly isAlive: boolean;
}

/**
 * Where multi-model-server says which process serves: its number on the first line, as there. The second line tells when
 * that process began, so that another one that has got its number since is never taken for it.
 */
export class PidFile {
  readonly path: string;

  constructor(variables: NodeJS.ProcessEnv) {
    this.path = join(temporaryFolder(variables), ".model_server.pid");
  }

  /** Null where there is no such file, or it tells of nothing. */
  read(): KnownProcess | null {
    if (!existsSync(this.path)) return null;
    const [first = "", began] = readFileSync(this.path, "utf8").split("\n");
    const pid = Number(first.trim());
    if (!Number.isSafeInteger(pid) || pid <= 1) return { pid: 0, isAlive: false };
    const isSame = began === undefined || began === "" || began === beginningOf(pid);
    return { pid, isAlive: isSame && isAlive(pid) };
  }

  write(pid: number): void {
    // Never through a link that somebody else has put there.
    rmSync(this.path, { force: true });
    writeFileSync(this.path, `${String(pid)}\n${beginningOf(pid)}`, { flag: "wx", mode: 0o644 });
  }

  /** Removes the file if it still tells of this process. */
  removeIf(pid: number): void {
    if (this.read()?.pid === pid) this.remove();
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** As Python finds it. */
function temporaryFolder(variables: NodeJS.ProcessEnv): string {
  const candidates = [variables["TMPDIR"], variables["TEMP"], variables["TMP"], "/tmp"];
  return candidates.find((path) => path !== undefined && path !== "" && isFolder(path)) ?? "/tmp";
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
