import { ServingError } from "../../contracts/serving-error.ts";
import type { Timer } from "../ports/clock.ts";
import { compatibilityKey, mergeableRows } from "./batch.ts";
import type { InferenceCall, InferenceReply } from "./inference-call.ts";
import type { RunningBatch } from "./running-batch.ts";

/** A call between its submission and its answer. Settles exactly once. */
export class PendingCall {
  readonly call: InferenceCall;
  /** Rows, where the call may be merged with others; null where it has to run alone. */
  readonly rows: number | null;
  /** Calls with the same key may share a batch. */
  readonly key: string | null;
  readonly submittedAt: number;
  readonly reply: Promise<InferenceReply>;
  readonly #onAbandoned: (pending: PendingCall) => void;
  /** When it was first sent to a worker. */
  startedAt: number | null = null;
  /** The batch it is in, while it runs. */
  batch: RunningBatch | null = null;
  /** Set once a batch with this call has crashed a worker: it then runs alone, so that blame is certain. */
  isSuspect = false;
  #isSettled = false;
  #timer: Timer | null = null;
  readonly #resolve: (reply: InferenceReply) => void;
  readonly #reject: (error: ServingError) => void;

  /**
   * @param options.onAbandoned called when the call is settled by anything but a batch
   */
  constructor(call: InferenceCall, options: PendingCallOptions) {
    this.call = call;
    this.rows = mergeableRows(call);
    this.key = this.rows === null ? null : compatibilityKey(call);
    this.submittedAt = options.now;
    this.#onAbandoned = options.onAbandoned;
    const { promise, resolve, reject } = Promise.withResolvers<InferenceReply>();
    this.reply = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The timer that ends the call at its deadline; owned by the call, so that settling takes it back. */
  watch(timer: Timer): void {
    this.#timer = timer;
  }

  /** The caller went away: a queued call is dropped, a running one's answer is thrown away. */
  cancel(): void {
    // Every caller goes away in the end: for one that was answered not even the error is made.
    if (!this.#isSettled) this.abandon(new ServingError("CANCELLED", "The caller went away."));
  }

  /** Ends the call from outside a batch. */
  abandon(error: ServingError): void {
    if (this.#isSettled) return;
    this.fail(error);
    this.#onAbandoned(this);
  }

  succeed(reply: InferenceReply): void {
    if (this.#settle()) this.#resolve(reply);
  }

  fail(error: ServingError): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#timer?.cancel();
    return true;
  }
}

interface PendingCallOptions {
  readonly now: number;
  readonly onAbandoned: (pending: PendingCall) => void;
}
