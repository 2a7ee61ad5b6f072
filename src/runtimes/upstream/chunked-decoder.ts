import { BadResponseError } from "./response-head.ts";

/** A line that says how long a chunk is, or a trailer, with all its extensions. */
const longestLine = 16 * 1024;
const lineFeed = 10;

/** Takes the chunks of a chunked body apart (RFC 9112, 7.1), wherever the pieces that it comes in are cut. */
export class ChunkedDecoder {
  readonly #onData: (bytes: Buffer) => void;
  #state: "size" | "data" | "data-end" | "trailers" | "done" = "size";
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  /** The beginning of a line whose end has not come. */
  #line = "";

  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  /**
   * Takes what came; returns how many of its bytes belong to the body. All, but for the piece that ends it.
   *
   * @throws BadResponseError
   */
  write(bytes: Buffer): number {
    let offset = 0;
    while (offset < bytes.length && this.#state !== "done") {
      offset = this.#state === "data" ? this.#takeData(bytes, offset) : this.#takeLine(bytes, offset);
    }
    return offset;
  }

  #takeData(bytes: Buffer, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#left);
    this.#onData(bytes.subarray(offset, end));
    this.#left -= end - offset;
    if (this.#left === 0) this.#state = "data-end";
    return end;
  }

  #takeLine(bytes: Buffer, offset: number): number {
    const found = bytes.indexOf(lineFeed, offset);
    const end = found === -1 ? bytes.length : found + 1;
    this.#line += bytes.toString("latin1", offset, end);
    if (this.#line.length > longestLine) throw new BadResponseError("a chunk whose head does not end");
    if (found === -1) return end;
    if (!this.#line.endsWith("\r\n"))
      throw new BadResponseError("a chunk whose head ends without a carriage return");
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#endLine(line);
    return end;
  }

  #endLine(line: string): void {
    if (this.#state === "size") {
      const digits = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line)?.[1];
      if (digits === undefined)
        throw new BadResponseError(`a chunk without a size: ${JSON.stringify(line.slice(0, 40))}`);
      this.#left = Number.parseInt(digits, 16);
      this.#state = this.#left === 0 ? "trailers" : "data";
    } else if (this.#state === "data-end") {
      if (line !== "") throw new BadResponseError("a chunk that is longer than it says");
      this.#state = "size";
    } else if (line === "") this.#state = "done";
  }
}
