/** Lines as azureml-inference-server-http writes them, gathered so that a busy moment costs one write. */
export class LogLines {
  readonly #write: (text: string) => void;
  #pending = "";

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** A line of the server's own. */
  say(level: "D" | "I" | "W" | "E", logger: string, message: string): void {
    this.raw(`${timestamp(new Date())} ${level} [${String(process.pid)}] ${logger} - ${message}`);
  }

  /** A line as a script's process wrote it. */
  raw(line: string): void {
    if (this.#pending === "") {
      setImmediate(() => {
        this.flush();
      });
    }
    this.#pending += `${line}\n`;
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") this.#write(text);
  }
}

/** As `2026-01-02 03:04:05,678`, in UTC. */
function timestamp(at: Date): string {
  return at.toISOString().slice(0, -1).replace("T", " ").replace(".", ",");
}
