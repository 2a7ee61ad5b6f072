import type { InstanceLog } from "../core/ports/instance-launcher.ts";

/** Newest lines that are kept, of each container. */
const mostLines = 5_000;
const longestLine = 16_384;

export type LogContainer = "inference-server" | "storage-initializer";

/** A time at the beginning of a line, as Python's and most others' loggers write it. */
const stampPattern = /^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d/;

/** The newest lines of a deployment: what its instances wrote, and what was done before they could start. */
export class LogBook implements InstanceLog {
  readonly #wallTime: () => number;
  readonly #lines: Readonly<Record<LogContainer, LineRing>> = {
    "inference-server": new LineRing(),
    "storage-initializer": new LineRing(),
  };

  /** @param wallTime milliseconds since 1970 */
  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  line(ordinal: number | null, source: "stdout" | "stderr" | "hostler", text: string): void {
    const container = ordinal === null ? "storage-initializer" : "inference-server";
    const shown = text.length > longestLine ? `${text.slice(0, longestLine)}…` : text;
    const writer = ordinal === null ? source : `${String(ordinal)}/${source}`;
    this.#lines[container].add(stampPattern.test(shown) ? shown : `${this.#stamp()} I [${writer}] ${shown}`);
  }

  last(container: LogContainer, count: number): readonly string[] {
    return this.#lines[container].last(count);
  }

  /** As `2026-11-21 18:50:01,123`, in UTC. */
  #stamp(): string {
    return new Date(this.#wallTime()).toISOString().replace("T", " ").replace(".", ",").slice(0, -1);
  }
}

class LineRing {
  #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    // Cut rarely, so that a line costs nothing but its place.
    if (this.#lines.length >= 2 * mostLines) this.#lines = this.#lines.slice(-mostLines);
  }

  last(count: number): readonly string[] {
    return this.#lines.slice(-Math.min(count, mostLines));
  }
}
