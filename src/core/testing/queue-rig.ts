import { ServingError } from "../../contracts/serving-error.ts";
import type { ErrorCode } from "../../contracts/errors.ts";
import type { BatchOutcome } from "../ports/runtime.ts";
import type { Batch } from "../scheduling/batch.ts";
import type { InferenceCall } from "../scheduling/inference-call.ts";
import { type BatchPolicy, ModelQueue } from "../scheduling/model-queue.ts";
import type { PendingCall } from "../scheduling/pending-call.ts";
import { FakeInstance } from "./fake-runtime.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { type FakeWork } from "./fake-worker.ts";
import { type CallStyle, echoOf, numberedPayload, rowNumbers } from "./numbered-calls.ts";
import { descriptionOf } from "./specs.ts";
import type { VirtualClock } from "./virtual-clock.ts";

type CallFields = Omit<Partial<InferenceCall>, "payload">;

const style: CallStyle = {
  form: "rows",
  tensors: [{ name: "x", datatype: "INT32", rest: [] }],
  outputs: null,
  parameters: null,
};

const together: BatchPolicy = { kind: "when-busy", maxCalls: 256, maxRows: 1024 };

/** A call whose only row holds this number. */
export function callOf(number: number, fields: CallFields = {}): InferenceCall {
  const payload = numberedPayload(style, number, 1);
  return { payload, outputs: null, parameters: null, deadlineMs: Infinity, priority: 0, ...fields };
}

/** What became of a call: its number, the code of its error, or that it has not ended. */
export type Ending = number | ErrorCode | "waiting";

export interface QueueRigOptions {
  readonly policy?: BatchPolicy;
  readonly queueLimit?: number;
  readonly label?: string;
  /** What the model makes of a batch of these numbers; an echo by default, after 10 ms. */
  readonly answer?: (numbers: readonly number[], batch: Batch) => ReturnType<FakeWork["finish"]>;
  readonly computeMs?: number;
}

/** One queue in front of one worker, and the numbers of all batches that came through. */
export class QueueRig {
  readonly queue: ModelQueue;
  readonly instance: FakeInstance;
  readonly batches: (readonly number[])[] = [];
  readonly measured: { readonly calls: number; readonly rows: number; readonly computeMs: number }[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, worker: FakeWorker, options: QueueRigOptions = {}) {
    const { policy = together, queueLimit = 100, label = "m", answer = echo, computeMs = 10 } = options;
    this.#clock = clock;
    this.queue = new ModelQueue({
      clock,
      label,
      queueLimit,
      onBatch: (calls, rows, ms) => this.measured.push({ calls, rows, computeMs: ms }),
    });
    this.queue.setPolicy(policy);
    this.instance = new FakeInstance({
      worker,
      description: descriptionOf(),
      unload: () => Promise.resolve(),
      run: (batch) => {
        const numbers = rowNumbers(batch.payload);
        this.batches.push(numbers);
        return { computeMs, finish: () => answer(numbers, batch) };
      },
    });
    this.queue.addInstance(this.instance);
  }

  submit(number: number, fields?: CallFields): PendingCall {
    return this.queue.submit(callOf(number, fields));
  }

  /** Submits these numbers, lets all time pass, and says what became of them. */
  async endings(...numbers: readonly number[]): Promise<readonly Ending[]> {
    const calls = numbers.map((number) => this.submit(number));
    const endings = calls.map((pending) => endingOf(pending));
    await this.#clock.runOut();
    return endings.map(({ ending }) => ending);
  }
}

/** Follows a call; its `ending` changes when it ends. */
export function endingOf(pending: PendingCall): { ending: Ending } {
  const followed: { ending: Ending } = { ending: "waiting" };
  pending.reply.then(
    ({ result }) => {
      followed.ending = rowNumbers({ kind: "tensors", tensors: result.outputs })[0] ?? "waiting";
    },
    (error: unknown) => {
      followed.ending = ServingError.from(error).code;
    },
  );
  return followed;
}

export function echo(
  _numbers: readonly number[],
  { payload }: Batch,
): Extract<BatchOutcome, { kind: "done" }> {
  return { kind: "done", result: { outputs: echoOf(payload) }, computeMs: 10 };
}

export function failure(): Extract<BatchOutcome, { kind: "failed" }> {
  return { kind: "failed", error: new ServingError("MODEL_ERROR", "The model raised an error.") };
}
