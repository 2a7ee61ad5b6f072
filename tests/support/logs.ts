import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** How long a message may take to come where the caller does not say. */
const WAIT_MS = 180_000;

export type LogFields = Readonly<Record<string, unknown>>;

/** What a process writes, line by line; JSON lines are parsed. */
export class Logs {
  readonly #lines: string[] = [];
  readonly #entries: LogFields[] = [];
  readonly #news = new EventEmitter();

  follow(stream: Readable): void {
    createInterface({ input: stream }).on("line", (line) => {
      this.#lines.push(line);
      const fields = parseLine(line);
      if (fields !== undefined) this.#entries.push(fields);
      this.#news.emit("line");
    });
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  /** The text without the access lines of health checks, of which waiting makes many. */
  withoutProbes(): string {
    return this.#lines.filter((line) => !line.includes('"/v2/health/')).join("\n");
  }

  get entries(): readonly LogFields[] {
    return this.#entries;
  }

  /** The entry whose `msg` is this, now or as soon as it is written. */
  async waitForMessage(
    message: string,
    signal: AbortSignal = AbortSignal.timeout(WAIT_MS),
  ): Promise<LogFields> {
    for (;;) {
      const found = this.#entries.find((entry) => entry["msg"] === message);
      if (found !== undefined) return found;
      await once(this.#news, "line", { signal });
    }
  }
}

function parseLine(line: string): LogFields | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogFields;
  } catch {
    return undefined;
  }
}
