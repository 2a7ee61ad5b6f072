import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { BatchOutcome, Instance } from "../ports/runtime.ts";
import { mergeCalls, splitResult } from "./batch.ts";
import type { InferenceCall, InferenceResult } from "./inference-call.ts";
import type { Dispatcher, Lane } from "./lane.ts";
import { PendingCall } from "./pending-call.ts";
import { Quarantine } from "./quarantine.ts";
import { RunningBatch } from "./running-batch.ts";
import { ServiceEstimate } from "./service-estimate.ts";
import { type BatchLimits, WaitingLine } from "./waiting-line.ts";

/** How the calls of a model may share batches. */
export type BatchPolicy =
  /** Every call alone. */
  | { readonly kind: "single" }
  /** What has gathered while the worker was busy goes as one: for models whose rows do not depend on each other. */
  | ({ readonly kind: "when-busy" } & BatchLimits)
  /** As the model's settings declare: up to so many calls, waiting up to so long for them. */
  | { readonly kind: "declared"; readonly maxCalls: number; readonly maxWaitMs: number };

export interface ModelQueueOptions {
  readonly clock: Clock;
  /** Label of the model, for messages. */
  readonly label: string;
  /** Calls that may wait; one more is refused. */
  readonly queueLimit: number;
  /** Called for every batch that came back with an answer. */
  readonly onBatch: (calls: number, rows: number, computeMs: number) => void;
}

/** The one queue of a model version: admission, order, deadlines, batches, cancellation. */
export class ModelQueue implements Dispatcher {
  readonly #options: ModelQueueOptions;
  readonly #line = new WaitingLine();
  readonly #instances = new Map<Lane, Instance>();
  readonly #estimate = new ServiceEstimate();
  readonly #quarantine = new Quarantine();
  /** Halves of failed batches, to be run before anything else. */
  readonly #retries: (readonly PendingCall[])[] = [];
  #policy: BatchPolicy = { kind: "single" };
  #running = 0;
  #waitingRows = 0;
  #gatherTimer: Timer | null = null;
  #onIdle: (() => void)[] = [];
  /** Why nothing is sent to a worker any more. */
  #closed: ServingError | null = null;

  constructor(options: ModelQueueOptions) {
    this.#options = options;
  }

  get hasWork(): boolean {
    return this.#line.length > 0 || this.#retries.length > 0;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Calls in batches that are under way. */
  get running(): number {
    return this.#running;
  }

  get isIdle(): boolean {
    return this.#running === 0 && !this.hasWork;
  }

  setPolicy(policy: BatchPolicy): void {
    this.#policy = policy;
  }

  addInstance(instance: Instance): void {
    this.#instances.set(instance.lane, instance);
    instance.lane.attach(this);
  }

  removeInstance(instance: Instance): void {
    this.#instances.delete(instance.lane);
    instance.lane.detach(this);
  }

  /** Takes a call in, or says why not. The answer comes through {@link PendingCall.reply}. */
  submit(call: InferenceCall): PendingCall {
    const { clock } = this.#options;
    const now = clock.now();
    const verdict = this.#quarantine.verdict(call.payload);
    this.#admit(call, now, verdict);
    const pending = new PendingCall(call, { now, onAbandoned: this.#abandoned });
    pending.isSuspect = verdict === "suspect";
    if (call.deadlineMs !== Number.POSITIVE_INFINITY) {
      const delayMs = Math.ceil(call.deadlineMs - now);
      pending.watch(
        clock.schedule(delayMs, () => {
          pending.abandon(this.#tooLate(pending));
        }),
      );
    }
    this.#line.push(pending);
    this.#waitingRows += pending.rows ?? 1;
    this.#requestLanes();
    return pending;
  }

  dispatch(lane: Lane): boolean {
    const instance = this.#instances.get(lane);
    if (instance?.isAvailable !== true) return false;
    const calls = this.#take();
    if (calls.length === 0) return false;
    void this.#run(instance, calls);
    return true;
  }

  /** Ends every waiting call with this error, and those that come back from a worker that did not run them. */
  close(error: ServingError): void {
    this.#closed = error;
    this.failAll(error);
  }

  /** Ends every waiting call with this error. */
  failAll(error: ServingError): void {
    const retried = this.#retries.splice(0).flat();
    for (const pending of [...retried, ...this.#line.takeAll()]) pending.fail(error);
    this.#waitingRows = 0;
    this.#settleIdle();
  }

  /** Resolves when no call waits or runs. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #admit(call: InferenceCall, now: number, verdict: ReturnType<Quarantine["verdict"]>): void {
    const { label, queueLimit } = this.#options;
    if (verdict === "refused") throw quarantined(label);
    const waitMs = this.#estimate.waitMs(this.#waitingRows);
    const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000));
    if (this.#line.length >= queueLimit) {
      throw new ServingError(
        "QUEUE_FULL",
        `${label} has ${String(queueLimit)} calls waiting, which is its limit.`,
        {
          retryAfterS,
        },
      );
    }
    if (now + waitMs > call.deadlineMs) {
      const message = `${label} would answer in about ${waitMs.toFixed(0)} ms, after the deadline.`;
      throw new ServingError("OVERLOADED", message, { retryAfterS });
    }
  }

  #tooLate(pending: PendingCall): ServingError {
    const { clock, label } = this.#options;
    const stage = pending.startedAt !== null ? "running" : this.#instances.size > 0 ? "queued" : "loading";
    const afterMs = (clock.now() - pending.submittedAt).toFixed(0);
    return new ServingError("DEADLINE_EXCEEDED", `${label}: no answer within ${afterMs} ms (${stage}).`);
  }

  readonly #abandoned = (pending: PendingCall): void => {
    if (pending.batch !== null) {
      pending.batch.callerGone();
      return;
    }
    if (pending.startedAt === null) {
      this.#line.forgetOne();
      this.#waitingRows -= pending.rows ?? 1;
    } else this.#forgetRetries();
    this.#settleIdle();
  };

  /** Halves whose callers have all gone have nobody to run for. */
  #forgetRetries(): void {
    const wanted = this.#retries.filter((half) => half.some((pending) => !pending.isSettled));
    this.#retries.splice(0, this.#retries.length, ...wanted);
  }

  #requestLanes(): void {
    for (const lane of this.#instances.keys()) lane.request(this);
  }

  #take(): readonly PendingCall[] {
    for (let half = this.#retries.pop(); half !== undefined; half = this.#retries.pop()) {
      const live = half.filter((pending) => !pending.isSettled);
      const suspect = live.find((pending) => pending.isSuspect);
      if (suspect !== undefined && live.length > 1) {
        this.#retries.push(
          [suspect],
          live.filter((pending) => pending !== suspect),
        );
      } else if (live.length > 0) return live;
    }
    const policy = this.#policy;
    if (policy.kind === "declared" && this.#shouldGather(policy)) return [];
    const limits = policy.kind === "when-busy" ? policy : { maxCalls: callsOf(policy), maxRows: Infinity };
    const taken = this.#line.take(limits);
    for (const pending of taken) this.#waitingRows -= pending.rows ?? 1;
    return taken;
  }

  /** Whether a declared batch should wait for more calls; a timer asks again when its time is over. */
  #shouldGather(policy: Extract<BatchPolicy, { kind: "declared" }>): boolean {
    const first = this.#line.peek();
    if (first === undefined || this.#line.length >= policy.maxCalls) return false;
    const leftMs = first.submittedAt + policy.maxWaitMs - this.#options.clock.now();
    if (leftMs <= 0) return false;
    this.#gatherTimer?.cancel();
    this.#gatherTimer = this.#options.clock.schedule(leftMs, () => {
      this.#requestLanes();
    });
    return true;
  }

  async #run(instance: Instance, calls: readonly PendingCall[]): Promise<void> {
    const now = this.#options.clock.now();
    const running = new RunningBatch(this.#options.clock, instance, calls.length);
    let rows = 0;
    for (const pending of calls) {
      pending.startedAt ??= now;
      pending.batch = running;
      rows += pending.rows ?? 1;
    }
    this.#running += calls.length;
    instance.lane.sent(running);
    const outcome = await runBatch(instance, calls, rows);
    running.finished();
    for (const pending of calls) pending.batch = null;
    this.#running -= calls.length;
    instance.lane.finished(running);
    this.#settle(calls, rows, outcome);
    this.#settleIdle();
  }

  #settle(calls: readonly PendingCall[], rows: number, outcome: BatchOutcome): void {
    switch (outcome.kind) {
      case "done":
        this.#estimate.observe(rows, outcome.computeMs);
        this.#options.onBatch(calls.length, rows, outcome.computeMs);
        this.#deliver(calls, outcome.result, outcome.computeMs);
        return;
      case "failed":
        if (calls.length > 1) this.#bisect(calls);
        else calls[0]?.fail(outcome.error);
        return;
      case "crashed":
        this.#quarantine.crashed(calls.map((pending) => pending.call.payload));
        for (const pending of calls) pending.fail(outcome.error);
        this.#judge([...this.#retries.flat(), ...this.#line.all()]);
        return;
      case "not-started":
        this.#judge(calls);
        this.#retry(calls);
    }
  }

  #deliver(calls: readonly PendingCall[], result: InferenceResult, computeMs: number): void {
    const [only] = calls;
    const pieces =
      calls.length === 1
        ? [result]
        : splitResult(
            result,
            calls.map((pending) => pending.rows ?? 1),
          );
    if (pieces === undefined) {
      this.#bisect(calls);
      return;
    }
    if (only?.isSuspect === true) this.#quarantine.survived(only.call.payload);
    for (const [index, pending] of calls.entries()) {
      const piece = pieces[index] ?? result;
      const queueMs = (pending.startedAt ?? 0) - pending.submittedAt;
      pending.succeed({ result: piece, timing: { queueMs, computeMs, batchCalls: calls.length } });
    }
  }

  /** Calls that were let in before a crash may be the very request that caused it. */
  #judge(calls: readonly PendingCall[]): void {
    for (const pending of calls) {
      const verdict = this.#quarantine.verdict(pending.call.payload);
      if (verdict === "suspect") pending.isSuspect = true;
      if (verdict === "refused") pending.abandon(quarantined(this.#options.label));
    }
  }

  /** A batch failed as a whole: its halves run again, so that in the end only the poison call fails. */
  #bisect(calls: readonly PendingCall[]): void {
    const middle = calls.length >> 1;
    this.#retry(calls.slice(middle));
    this.#retry(calls.slice(0, middle));
  }

  /** Runs calls again before anything else, without those whose callers have gone meanwhile. */
  #retry(calls: readonly PendingCall[]): void {
    const wanted = calls.filter((pending) => !pending.isSettled);
    if (wanted.length === 0) return;
    this.#retries.push(wanted);
    if (this.#closed === null) this.#requestLanes();
    else this.failAll(this.#closed);
  }

  #settleIdle(): void {
    if (!this.isIdle || this.#onIdle.length === 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }
}

function quarantined(label: string): ServingError {
  const message = `This request killed two workers of ${label} and is refused.`;
  const hint = "Change the input. The quarantine ends when the model is loaded again.";
  return new ServingError("REQUEST_QUARANTINED", message, { hint });
}

/** A runtime never rejects; should one do so all the same, its calls fail and the queue goes on. */
async function runBatch(
  instance: Instance,
  calls: readonly PendingCall[],
  rows: number,
): Promise<BatchOutcome> {
  try {
    const batch = mergeCalls(
      calls.map((pending) => pending.call),
      rows,
    );
    return await instance.run(batch);
  } catch (error) {
    return { kind: "failed", error: ServingError.from(error) };
  }
}

function callsOf(policy: BatchPolicy): number {
  return policy.kind === "declared" ? policy.maxCalls : 1;
}
