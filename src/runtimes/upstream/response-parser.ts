import { ChunkedDecoder } from "./chunked-decoder.ts";
import { BadResponseError, type Framing, parseHead, type ResponseHead } from "./response-head.ts";

export interface ResponseEvents {
  /** The head of the answer; of interim ones (1xx) nothing is told. */
  readonly onHead: (head: ResponseHead) => void;
  /** Part of the body. The bytes are the reader's only until this returns. */
  readonly onData: (bytes: Buffer) => void;
  readonly onEnd: () => void;
}

const longestHead = 64 * 1024;
const headEnd = "\r\n\r\n";

/** Reads one answer out of what comes over a connection, in whatever pieces. */
export class ResponseParser {
  readonly #method: string;
  readonly #events: ResponseEvents;
  /** What has come of a head that is not whole. */
  #begun: Buffer | null = null;
  #framing: Framing | null = null;
  #left = 0;
  #decoder: ChunkedDecoder | null = null;
  #isDone = false;

  /** @param method the request's */
  constructor(method: string, events: ResponseEvents) {
    this.#method = method;
    this.#events = events;
  }

  /** @throws BadResponseError for what is no answer, and for anything behind its end */
  write(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#isDone) throw new BadResponseError("more than one answer");
      rest = this.#framing === null ? this.#takeHead(rest) : this.#takeBody(rest, this.#framing);
    }
  }

  /** The server has closed the connection; whether that was a proper end. */
  close(): boolean {
    if (this.#framing?.kind !== "close" || this.#isDone) return false;
    this.#end();
    return true;
  }

  #takeHead(bytes: Buffer): Buffer {
    const all = this.#begun === null ? bytes : Buffer.concat([this.#begun, bytes]);
    const end = all.indexOf(headEnd, 0, "latin1");
    if (end > longestHead || (end === -1 && all.length > longestHead)) {
      throw new BadResponseError("the answer's headers are over 64 KiB");
    }
    if (end === -1) {
      this.#begun = Buffer.from(all);
      return bytes.subarray(bytes.length);
    }
    this.#begun = null;
    const head = parseHead(all.toString("latin1", 0, end), this.#method);
    if (head.status === 101) throw new BadResponseError("another protocol, which nobody asked for");
    if (head.status >= 200) this.#begin(head);
    return all.subarray(end + headEnd.length);
  }

  #begin(head: ResponseHead): void {
    const { framing } = head;
    this.#framing = framing;
    this.#events.onHead(head);
    if (framing.kind === "chunked") {
      this.#decoder = new ChunkedDecoder((bytes) => {
        this.#events.onData(bytes);
      });
    }
    if (framing.kind !== "length") return;
    this.#left = framing.bytes;
    if (this.#left === 0) this.#end();
  }

  #takeBody(bytes: Buffer, { kind }: Framing): Buffer {
    if (this.#decoder !== null) {
      const taken = this.#decoder.write(bytes);
      if (this.#decoder.isDone) this.#end();
      return bytes.subarray(taken);
    }
    const taken = kind === "close" ? bytes.length : Math.min(bytes.length, this.#left);
    this.#events.onData(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    this.#left -= taken;
    if (kind === "length" && this.#left === 0) this.#end();
    return bytes.subarray(taken);
  }

  #end(): void {
    this.#isDone = true;
    this.#events.onEnd();
  }
}
