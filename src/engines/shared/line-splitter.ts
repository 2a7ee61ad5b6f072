import { StringDecoder } from "node:string_decoder";

/** What is written without an end of line is given out in pieces of this many characters. */
const longestLine = 32_768;

/** Cuts what a program writes into lines; of a line that rewrites itself (a progress bar) the last state counts. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (text: string) => void;
  #rest = "";

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#give(line);
    while (this.#rest.length > longestLine) {
      this.#give(this.#rest.slice(0, longestLine));
      this.#rest = this.#rest.slice(longestLine);
    }
  }

  /** The last line may have no end. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    if (rest !== "") this.#give(rest);
  }

  #give(line: string): void {
    const ended = line.endsWith("\r") ? line.slice(0, -1) : line;
    this.#onLine(ended.slice(ended.lastIndexOf("\r") + 1));
  }
}
