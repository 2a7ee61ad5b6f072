import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const program = new URL("write-for-ever.ts", import.meta.url).pathname;

/** A process that writes revisions as fast as it can, and says of each when it is on the disk. */
export class KilledWriter {
  readonly #process: ChildProcess;
  #acknowledged = 0;
  #waiting: { readonly revision: number; readonly resolve: () => void } | null = null;

  constructor(file: string) {
    this.#process = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("The writer has no output.");
    createInterface({ input: stdout }).on("line", (line) => {
      this.#acknowledged = Number(line);
      if (this.#waiting !== null && this.#acknowledged >= this.#waiting.revision) this.#waiting.resolve();
    });
  }

  /** Resolves when this revision has been acknowledged. */
  async reached(revision: number): Promise<void> {
    const ended = once(this.#process, "exit").then(() => {
      throw new Error("The writer ended by itself.");
    });
    const reached = new Promise<void>((resolve) => {
      this.#waiting = { revision, resolve };
    });
    ended.catch(() => undefined);
    await Promise.race([reached, ended]);
  }

  /** Kills it as a power cut would; the newest revision that it had acknowledged. */
  async kill(): Promise<number> {
    const ended = once(this.#process, "close");
    this.#process.kill("SIGKILL");
    await ended;
    return this.#acknowledged;
  }
}
