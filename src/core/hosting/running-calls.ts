import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerOutcome } from "../ports/handler-launcher.ts";
import type { InvokeOutcome } from "./hosted-call.ts";
import type { PendingInvoke } from "./pending-invoke.ts";

/** What came of a batch that was begun. */
export type RunOutcome = Exclude<HandlerOutcome, { readonly kind: "not-started" }>;

/** A batch in a worker. */
export class RunningCalls {
  readonly #calls: readonly PendingInvoke[];
  #startedAt: number;
  #isStreaming = false;

  constructor(calls: readonly PendingInvoke[], startedAt: number) {
    this.#calls = calls;
    this.#startedAt = startedAt;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** The batch before it has ended: from now on it runs. */
  begin(now: number): void {
    this.#startedAt = now;
  }

  get calls(): readonly PendingInvoke[] {
    return this.#calls;
  }

  /** Whether nobody waits for any of its answers, or reads on in one. */
  get isAbandoned(): boolean {
    return this.#calls.every(({ isLeft }) => isLeft);
  }

  /** Its answer has begun, and goes on: from here on it takes as long as its reader lets it. */
  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  beginStream(outcome: RunOutcome): void {
    this.#isStreaming = true;
    for (const call of this.#calls) call.beginStream();
    this.settle(outcome);
  }

  /** Each call gets its part; those that have been settled meanwhile keep what they have. */
  settle(outcome: RunOutcome): void {
    for (const [index, call] of this.#calls.entries()) call.settle(this.#partOf(outcome, index));
  }

  #partOf(outcome: RunOutcome, index: number): InvokeOutcome {
    if (outcome.kind === "failed") return outcome;
    if (outcome.kind === "crashed") return { kind: "refused", error: workerDied(outcome.reason) };
    const item = outcome.items[index];
    if (item !== undefined && outcome.items.length === this.#calls.length) return { kind: "answered", item };
    return mismatched;
  }
}

const mismatched: InvokeOutcome = {
  kind: "failed",
  status: 503,
  message: "number of batch response mismatched",
  type: "InternalServerException",
};

function workerDied(reason: string): ServingError {
  return new ServingError("WORKER_DIED", "Worker died.", { hint: reason });
}
