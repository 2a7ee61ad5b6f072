import type { InstanceLog } from "../ports/instance-launcher.ts";

/** Hands on what the instances of one revision write, and keeps the last lines of it: for a report. */
export class RecentLines implements InstanceLog {
  readonly #log: InstanceLog;
  readonly #most: number;
  readonly #lines: string[] = [];

  constructor(log: InstanceLog, most: number) {
    this.#log = log;
    this.#most = most;
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  line(...written: Parameters<InstanceLog["line"]>): void {
    this.#log.line(...written);
    this.#lines.push(written[2]);
    if (this.#lines.length > this.#most) this.#lines.shift();
  }
}
