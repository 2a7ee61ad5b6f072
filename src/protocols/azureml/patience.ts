import type { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";

/** How long a request is waited for: until its time is over, its caller has left, or everything stops. */
export class Patience {
  readonly #onEnd: () => void;
  readonly #timer: Timer;
  #error: ServingError | null = null;
  #reject: ((error: ServingError) => void) | null = null;

  /**
   * @param late why it ends after `limitMs`
   * @param onEnd told when it ends early, once
   */
  constructor(
    clock: Clock,
    {
      limitMs,
      late,
      onEnd,
    }: { readonly limitMs: number; readonly late: () => ServingError; readonly onEnd: () => void },
  ) {
    this.#onEnd = onEnd;
    this.#timer = clock.schedule(limitMs, () => {
      this.end(late());
    });
  }

  /** Waits for one thing at a time; rejects as soon as there is no more patience. */
  until<Result>(promise: Promise<Result>): Promise<Result> {
    if (this.#error !== null) {
      // What becomes of it is of no interest any more, and must not end the process.
      promise.catch(() => undefined);
      return Promise.reject(this.#error);
    }
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }

  /** @throws ServingError why there is none left */
  check(): void {
    if (this.#error !== null) throw this.#error;
  }

  /** The pieces of a body, as long as there is patience; then whoever writes it is told that nobody reads on. */
  async *piecesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
    const pieces = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await this.until(pieces.next());
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      // Not waited for: a stream in which nothing comes any more does not hear of it.
      void pieces.return?.().catch(() => undefined);
    }
  }

  end(error: ServingError): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#timer.cancel();
    this.#reject?.(error);
    this.#onEnd();
  }

  /** Nothing is waited for any more. */
  done(): void {
    this.#timer.cancel();
  }
}
