import { ServingError } from "../../contracts/serving-error.ts";
import type { BatchOutcome, Instance } from "../ports/runtime.ts";
import type { Batch } from "../scheduling/batch.ts";
import { ModelQueue } from "../scheduling/model-queue.ts";
import type { PendingCall } from "../scheduling/pending-call.ts";
import { FakeWorker } from "./fake-worker.ts";
import { mayShare, numberedPayload, rowNumbers, rowsOf } from "./numbered-calls.ts";
import {
  checkError,
  checkReply,
  finish,
  type Followed,
  type FollowedQueue,
  isBefore,
  type QueueOptions,
  Rules,
  type Submission,
  withinLimits,
} from "./scheduler-rules.ts";
import { descriptionOf } from "./specs.ts";
import { VirtualClock } from "./virtual-clock.ts";

interface Underway {
  readonly queue: FollowedQueue;
  readonly worker: FakeWorker;
  readonly calls: readonly Followed[];
}

export interface WorldOptions {
  readonly queues: readonly QueueOptions[];
  readonly workers: readonly { readonly window: number; readonly restartMs: number }[];
  /** Which batches, of those that hold several calls, come back with another number of rows. */
  readonly lies: readonly number[];
}

/** Queues, workers and callers on one virtual clock, every step of them compared with the rules. */
export class SchedulerWorld {
  readonly clock = new VirtualClock();
  readonly queues: readonly FollowedQueue[];
  readonly workers: readonly FakeWorker[];
  readonly calls: Followed[] = [];
  readonly #windows = new Map<FakeWorker, number>();
  readonly #suspended = new Set<FakeWorker>();
  readonly #callOfRow = new Map<number, Followed>();
  readonly #underway = new Set<Underway>();
  readonly #lies: ReadonlySet<number>;
  readonly #rules = new Rules();
  #nextRow = 1;
  /** Batches of several calls. */
  merges = 0;

  constructor({ queues, workers, lies }: WorldOptions) {
    this.#lies = new Set(lies);
    this.workers = workers.map(({ window, restartMs }) => {
      const worker = new FakeWorker({ clock: this.clock, window, restartMs });
      this.#windows.set(worker, window);
      return worker;
    });
    this.queues = queues.map(({ policy, queueLimit }) => {
      const queue = new ModelQueue({ clock: this.clock, label: "m", queueLimit, onBatch: () => undefined });
      queue.setPolicy(policy);
      return { policy, queueLimit, queue, instances: new Map(), waitingForIdle: 0, wasFailed: false };
    });
  }

  /** Puts a queue's model into a worker, or takes it out. */
  place(queue: FollowedQueue, worker: FakeWorker, isThere: boolean): void {
    const placed = queue.instances.get(worker);
    if (isThere && placed === undefined) {
      const instance = this.#instanceOf(queue, worker);
      queue.instances.set(worker, instance);
      queue.queue.addInstance(instance);
    }
    if (!isThere && placed !== undefined) {
      queue.instances.delete(worker);
      queue.queue.removeInstance(placed);
    }
  }

  /** Hands a call in, and looks whether it is taken or refused as it should be. */
  submit(queue: FollowedQueue, submission: Submission): void {
    const { style, priority, timeoutMs } = submission;
    const rows = rowsOf(style, submission.rows);
    const payload = numberedPayload(style, this.#nextRow, rows);
    const submittedAt = this.clock.now();
    const isFull = this.#waitingOf(queue).length >= queue.queueLimit;
    const { outputs, parameters } = style;
    let pending: PendingCall;
    try {
      pending = queue.queue.submit({
        payload,
        outputs,
        parameters,
        priority,
        deadlineMs: submittedAt + timeoutMs,
      });
    } catch (error) {
      const { code, message } = ServingError.from(error);
      this.#rules.check(code === (isFull ? "QUEUE_FULL" : "OVERLOADED"), message);
      this.#rules.check(isFull || timeoutMs < Infinity, "Overloaded without a deadline.");
      return;
    }
    this.#rules.check(!isFull, "The queue took more calls than its limit.");
    const seen = { batches: 0, isCrashed: false, isCancelled: false, settledAt: null };
    const call = {
      ...submission,
      rows,
      queue,
      payload,
      pending,
      submittedAt,
      number: this.calls.length,
      ...seen,
    };
    this.calls.push(call);
    for (let row = 0; row < rows; row += 1) this.#callOfRow.set(this.#nextRow + row, call);
    this.#nextRow += rows;
    this.#follow(call);
  }

  cancel(number: number): void {
    const call = this.calls[number % Math.max(1, this.calls.length)];
    if (call === undefined) return;
    if (!call.pending.isSettled) call.isCancelled = true;
    call.pending.cancel();
  }

  /** Keeps a worker from getting more for so long. */
  suspend(worker: FakeWorker, ms: number): void {
    if (!worker.isUp || this.#suspended.has(worker)) return;
    this.#suspended.add(worker);
    worker.lane.suspend();
    this.clock.schedule(ms, () => {
      this.#suspended.delete(worker);
      if (worker.isUp) worker.lane.resume();
    });
  }

  failAll(queue: FollowedQueue): void {
    queue.wasFailed = true;
    queue.queue.failAll(new ServingError("MODEL_LOAD_FAILED", "The model could not be loaded."));
  }

  waitForIdle(queue: FollowedQueue): void {
    queue.waitingForIdle += 1;
    void queue.queue.idle().then(() => {
      queue.waitingForIdle -= 1;
    });
  }

  /** Lets time pass, then looks at everything. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.#check();
  }

  /** Lets all time pass, with a worker for everybody: then every call has to have its answer. */
  async end(): Promise<void> {
    const [worker] = this.workers;
    if (worker !== undefined) for (const queue of this.queues) this.place(queue, worker, true);
    await this.clock.runOut();
    this.#check();
    for (const call of this.calls)
      this.#rules.check(call.settledAt !== null, `Call ${String(call.number)} was lost.`);
    for (const { queue } of this.queues)
      this.#rules.check(queue.isIdle, "A queue has something left at the end.");
    for (const { lane } of this.workers)
      this.#rules.check(lane.underWay === 0, "A lane has something left at the end.");
    this.#rules.tell();
  }

  /** What must be true whenever nothing more can happen without time. */
  #check(): void {
    for (const queue of this.queues) this.#checkQueue(queue);
    for (const worker of this.workers) this.#checkWorker(worker);
    this.#rules.tell();
  }

  #checkQueue(followed: FollowedQueue): void {
    const { queue, waitingForIdle } = followed;
    const batches = [...this.#underway].filter((batch) => batch.queue === followed);
    const running = batches.reduce((sum, { calls }) => sum + calls.length, 0);
    this.#rules.check(
      queue.running === running,
      `${String(queue.running)} calls are said to run, ${String(running)} do.`,
    );
    const waiting = this.#waitingOf(followed).length;
    this.#rules.check(
      queue.waiting === waiting,
      `${String(queue.waiting)} calls are said to wait, ${String(waiting)} do.`,
    );
    const isOver = this.calls.every((call) => call.queue !== followed || call.settledAt !== null);
    this.#rules.check(
      queue.isIdle === (isOver && running === 0),
      "A queue is idle exactly when nothing is left in it.",
    );
    this.#rules.check(
      !queue.isIdle || waitingForIdle === 0,
      "Somebody waits for an idle queue to become idle.",
    );
  }

  #checkWorker(worker: FakeWorker): void {
    const underWay = [...this.#underway].filter((batch) => batch.worker === worker).length;
    this.#rules.check(worker.lane.underWay === underWay, "A lane counts what is under way in it.");
    const window = this.#windows.get(worker) ?? 0;
    this.#rules.check(underWay <= window, "More batches are under way than a lane takes.");
    if (underWay === window || !worker.isUp || this.#suspended.has(worker)) return;
    for (const { queue, instances, policy } of this.queues) {
      const isGathering = policy.kind === "declared";
      this.#rules.check(
        isGathering || !instances.has(worker) || !queue.hasWork,
        "A worker has room while calls wait for it.",
      );
    }
  }

  #instanceOf(queue: FollowedQueue, worker: FakeWorker): Instance {
    return {
      description: descriptionOf(),
      lane: worker.lane,
      get isAvailable() {
        return worker.isUp;
      },
      run: (batch) => this.#run(queue, worker, batch),
      abort: () => {
        worker.crash();
      },
      unload: () => Promise.resolve(),
    };
  }

  async #run(queue: FollowedQueue, worker: FakeWorker, batch: Batch): Promise<BatchOutcome> {
    const calls = [...new Set(rowNumbers(batch.payload).map((row) => this.#callOf(row)))];
    this.#checkBatch(queue, batch, calls);
    for (const call of calls) call.batches += 1;
    if (calls.length > 1) this.merges += 1;
    const underway = { queue, worker, calls };
    this.#underway.add(underway);
    const isLie = calls.length > 1 && this.#lies.has(this.merges);
    const computeMs = calls.reduce((sum, call) => sum + call.computeMs, 0);
    const outcome = await worker.run({ computeMs, finish: () => finish(batch, { calls, computeMs, isLie }) });
    this.#underway.delete(underway);
    if (outcome.kind === "crashed") for (const call of calls) call.isCrashed = true;
    return outcome;
  }

  /** Is this a batch that may be made now? */
  #checkBatch(queue: FollowedQueue, batch: Batch, calls: readonly Followed[]): void {
    const [first] = calls;
    if (first === undefined) throw new Error("A batch without calls.");
    const numbers = calls.flatMap((call) => rowNumbers(call.payload));
    this.#rules.check(
      String(rowNumbers(batch.payload)) === String(numbers),
      "The rows of a batch are its calls', in order.",
    );
    this.#rules.check(
      batch.calls === calls.length && withinLimits(queue.policy, batch),
      "A batch over its limits.",
    );
    for (const call of calls) {
      this.#rules.check(
        call.queue === queue && !call.pending.isSettled,
        "A call that has no business in this batch.",
      );
      this.#rules.check(
        calls.length === 1 || mayShare(call.pending.call, first.pending.call),
        "Calls that must not share.",
      );
      this.#rules.check(
        ![...this.#underway].some((other) => other.calls.includes(call)),
        "A call that runs already.",
      );
    }
    if (first.batches > 0) return;
    for (const other of this.#waitingOf(queue)) {
      this.#rules.check(other === first || isBefore(first, other), "A call was served before its turn.");
    }
  }

  #callOf(row: number): Followed {
    const call = this.#callOfRow.get(row);
    if (call === undefined) throw new Error(`Row ${String(row)} is nobody's.`);
    return call;
  }

  #waitingOf(queue: FollowedQueue): readonly Followed[] {
    return this.calls.filter((call) => call.queue === queue && call.batches === 0 && !call.pending.isSettled);
  }

  #follow(call: Followed): void {
    const settle = (): void => {
      this.#rules.check(call.settledAt === null, "A call was settled twice.");
      const now = this.clock.now();
      call.settledAt = now;
      this.#rules.check(now < call.submittedAt + call.timeoutMs + 1, "A call outlived its deadline.");
    };
    call.pending.reply.then(
      (reply) => {
        settle();
        checkReply(this.#rules, call, reply);
      },
      (error: unknown) => {
        settle();
        checkError(this.#rules, call, ServingError.from(error));
      },
    );
  }
}
