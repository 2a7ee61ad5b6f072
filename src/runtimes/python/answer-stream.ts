/** Where a reader falls this far behind, the writer is made to wait. */
const fullBytes = 1 << 20;

interface Flow {
  /** Makes the writer wait. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** The pieces of an answer that a script yields, for whoever sends them on. Read once. */
export class AnswerStream implements AsyncIterable<Uint8Array> {
  readonly #flow: Flow;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #end: Error | "done" | null = null;
  #wake: (() => void) | null = null;
  #isLeft = false;
  #isPaused = false;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  push(piece: Uint8Array): void {
    if (this.#isLeft || piece.byteLength === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    if (this.#bytes > fullBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
    this.#wake?.();
  }

  /** No more will come; with an error, what came is not all of it. */
  end(error?: Error): void {
    this.#end ??= error ?? "done";
    // What comes now are the answers to others: they have not to wait for this one's reader.
    this.#flowOn();
    this.#wake?.();
  }

  /** Nobody reads any further. */
  leave(): void {
    this.#isLeft = true;
    this.#empty();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        for (const piece of this.#empty()) yield piece;
        if (this.#pieces.length > 0) continue;
        if (this.#end === "done") return;
        if (this.#end !== null) throw this.#end;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.leave();
    }
  }

  #empty(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    this.#flowOn();
    return pieces;
  }

  #flowOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#flow.resume();
  }
}
