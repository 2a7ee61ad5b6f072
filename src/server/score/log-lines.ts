import type { Clock, Timer } from "../../core/ports/clock.ts";

/** A line of the access log may wait this long for others. */
const accessDelayMs = 50;

/** Lines as azureml-inference-server-http writes them, gathered so that a busy moment costs one write. */
export class LogLines {
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  #pending = "";
  #timer: Timer | null = null;
  #isSoon = false;

  constructor(write: (text: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** A line of the server's own. */
  say(level: "I" | "W" | "E", message: string): void {
    this.#soon(ownLine(level, message));
  }

  /** The same, for what is written of every request. */
  access(message: string): void {
    this.#pending += ownLine("I", message);
    this.#timer ??= this.#clock.schedule(accessDelayMs, () => {
      this.flush();
    });
  }

  /** A line as a script's process wrote it. */
  line(text: string): void {
    this.#soon(`${text}\n`);
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isSoon = false;
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") this.#write(text);
  }

  #soon(text: string): void {
    this.#pending += text;
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(0, () => {
      this.flush();
    });
  }
}

function ownLine(level: string, message: string): string {
  return `${timestamp(new Date())} ${level} [${String(process.pid)}] azmlinfsrv - ${message}\n`;
}

/** As `2026-01-02 03:04:05,678`, in UTC. */
function timestamp(at: Date): string {
  return at.toISOString().slice(0, -1).replace("T", " ").replace(".", ",");
}
