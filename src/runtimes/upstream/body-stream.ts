/** What a stream of bytes comes from. */
export interface StreamSource {
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  cancel(): void;
}

type Step = IteratorResult<Uint8Array, undefined>;

/** Bytes that wait to be read; above this the source pauses. */
const highWaterBytes = 64 * 1024;

/** A body that is still coming, as its one reader takes it: what is not read holds the source back. */
export class BodyStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: StreamSource;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isPaused = false;
  #end: { readonly error: Error | null } | null = null;
  #reader: { readonly resolve: (step: Step) => void; readonly reject: (error: Error) => void } | null = null;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.byteLength;
      this.#resumeBelow(highWaterBytes / 2);
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#end === null) {
      return new Promise((resolve, reject) => {
        this.#reader = { resolve, reject };
      });
    }
    return this.#end.error === null
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(this.#end.error);
  }

  return(): Promise<Step> {
    if (this.#end === null) {
      this.end(null);
      this.#source.cancel();
    }
    this.#chunks.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  push(chunk: Uint8Array): void {
    if (this.#end !== null) return;
    if (this.#reader !== null) {
      const { resolve } = this.#reader;
      this.#reader = null;
      resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    if (this.#bytes < highWaterBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#source.pause();
  }

  /** There is no more; with an error, because it broke off. */
  end(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    const reader = this.#reader;
    this.#reader = null;
    if (error === null) reader?.resolve({ done: true, value: undefined });
    else reader?.reject(error);
  }

  #resumeBelow(bytes: number): void {
    if (!this.#isPaused || this.#bytes > bytes) return;
    this.#isPaused = false;
    this.#source.resume();
  }
}
