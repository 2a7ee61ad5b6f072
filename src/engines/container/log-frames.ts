const headerBytes = 8;
const stderrKind = 2;

/**
 * Takes an engine's log stream apart. Each frame has a header of eight bytes: the kind of the stream, three zeros, and
 * the length of what follows, big-endian.
 */
export class LogFrames {
  readonly #onData: (source: "stdout" | "stderr", data: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onData: (source: "stdout" | "stderr", data: Uint8Array) => void) {
    this.#onData = onData;
  }

  push(chunk: Uint8Array): void {
    this.#rest = this.#rest.byteLength === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.byteLength >= headerBytes) {
      const end = headerBytes + this.#rest.readUInt32BE(4);
      if (this.#rest.byteLength < end) return;
      const source = this.#rest.readUInt8(0) === stderrKind ? "stderr" : "stdout";
      this.#onData(source, this.#rest.subarray(headerBytes, end));
      this.#rest = this.#rest.subarray(end);
    }
  }
}
