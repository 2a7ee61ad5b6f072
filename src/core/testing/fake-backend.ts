import type { Backend, BackendCall, BackendOutcome, BackendRequest } from "../ports/backend.ts";

/** A backend that answers when it is told to. */
export class FakeBackend implements Backend {
  readonly address = null;
  readonly requests: BackendRequest[] = [];
  cancelled = 0;
  readonly #unanswered: ((outcome: BackendOutcome) => void)[] = [];
  #always: BackendOutcome | null = null;

  /** Calls without an answer. */
  get pending(): number {
    return this.#unanswered.length;
  }

  call(request: BackendRequest): BackendCall {
    this.requests.push(request);
    const { promise, resolve } = Promise.withResolvers<BackendOutcome>();
    if (this.#always === null) this.#unanswered.push(resolve);
    else resolve(this.#always);
    return {
      outcome: promise,
      cancel: () => {
        this.cancelled += 1;
        resolve({ kind: "failed", reason: "cancelled" });
      },
    };
  }

  /** Answers the oldest call. */
  answer(outcome: BackendOutcome): void {
    this.#unanswered.shift()?.(outcome);
  }

  /** Answers every call from now on. */
  answerAll(outcome: BackendOutcome): void {
    this.#always = outcome;
    for (const resolve of this.#unanswered.splice(0)) resolve(outcome);
  }
}
