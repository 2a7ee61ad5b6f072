import { ServingError } from "../../contracts/serving-error.ts";
import type { Instance } from "../ports/runtime.ts";
import type { Batch } from "../scheduling/batch.ts";
import type { InferenceReply } from "../scheduling/inference-call.ts";
import type { BatchPolicy, ModelQueue } from "../scheduling/model-queue.ts";
import type { PendingCall } from "../scheduling/pending-call.ts";
import type { Payload } from "../tensors/tensor.ts";
import type { FakeWorker, FakeWork } from "./fake-worker.ts";
import { type CallStyle, echoOf } from "./numbered-calls.ts";

/** What a call does to the model that meets it. */
type Fate = "good" | "poison" | "killer";

export interface Submission {
  readonly style: CallStyle;
  readonly rows: number;
  readonly fate: Fate;
  readonly computeMs: number;
  readonly priority: number;
  readonly timeoutMs: number;
}

/** A call, and what has been seen of it. */
export interface Followed extends Submission {
  readonly number: number;
  readonly queue: FollowedQueue;
  readonly payload: Payload;
  readonly pending: PendingCall;
  readonly submittedAt: number;
  /** Batches it was in, and whether one of them crashed. */
  batches: number;
  isCrashed: boolean;
  isCancelled: boolean;
  settledAt: number | null;
}

export interface QueueOptions {
  readonly policy: BatchPolicy;
  readonly queueLimit: number;
}

export interface FollowedQueue extends QueueOptions {
  readonly queue: ModelQueue;
  readonly instances: Map<FakeWorker, Instance>;
  /** Promises of {@link ModelQueue.idle} that have not resolved. */
  waitingForIdle: number;
  wasFailed: boolean;
}

interface Ending {
  readonly calls: readonly Followed[];
  readonly computeMs: number;
  readonly isLie: boolean;
}

/** A row-wise model that echoes; it refuses poison, dies of killers, and sometimes gives a row too many. */
export function finish(
  { payload }: Batch,
  { calls, computeMs, isLie }: Ending,
): ReturnType<FakeWork["finish"]> {
  if (calls.some(({ fate }) => fate === "killer")) return "crash";
  if (calls.some(({ fate }) => fate === "poison")) {
    return { kind: "failed", error: new ServingError("MODEL_ERROR", "Poison.") };
  }
  const outputs = echoOf(payload).map((tensor) =>
    isLie ? { ...tensor, shape: [(tensor.shape[0] ?? 0) + 1, ...tensor.shape.slice(1)] } : tensor,
  );
  return { kind: "done", result: { outputs }, computeMs };
}

export function checkReply(rules: Rules, call: Followed, { result, timing }: InferenceReply): void {
  rules.check(call.fate === "good", "A model that refuses has answered.");
  rules.check(
    String(allBytes(result.outputs)) === String(allBytes(echoOf(call.payload))),
    "Rows of another caller.",
  );
  const isTimed = timing.queueMs >= 0 && timing.computeMs >= call.computeMs && timing.batchCalls >= 1;
  rules.check(isTimed, "Times that cannot be.");
}

export function checkError(rules: Rules, call: Followed, { code, message }: ServingError): void {
  const reasons: Readonly<Record<string, boolean>> = {
    MODEL_ERROR: call.fate === "poison",
    WORKER_DIED: call.isCrashed,
    CANCELLED: call.isCancelled,
    DEADLINE_EXCEEDED: (call.settledAt ?? 0) >= call.submittedAt + call.timeoutMs,
    MODEL_LOAD_FAILED: call.queue.wasFailed,
  };
  rules.check(reasons[code] === true, `An error that is not this call's: ${code} ${message}`);
}

export function withinLimits(policy: BatchPolicy, { calls, rows }: Batch): boolean {
  switch (policy.kind) {
    case "single":
      return calls === 1;
    case "declared":
      return calls <= policy.maxCalls;
    case "when-busy":
      return calls === 1 || (calls <= policy.maxCalls && rows <= policy.maxRows);
  }
}

/** V2's order: 1 is the highest priority, 0 the default and behind all others; then who came first. */
export function isBefore(one: Followed, other: Followed): boolean {
  const [rank, otherRank] = [one, other].map(({ priority }) => (priority === 0 ? Infinity : priority));
  if (rank !== otherRank) return (rank ?? 0) < (otherRank ?? 0);
  return one.number < other.number;
}

function allBytes(tensors: ReturnType<typeof echoOf>): readonly string[] {
  return tensors.map(({ data, ...about }) => {
    const bytes = data.encoding === "binary" ? data.bytes : data.text;
    return `${JSON.stringify(about)}${Buffer.from(bytes).toString("hex")}`;
  });
}

/** Rules are broken inside callbacks that nobody waits for; what was broken is told at the next step. */
export class Rules {
  readonly #broken: string[] = [];

  check(isKept: boolean, otherwise: string): void {
    if (!isKept) this.#broken.push(otherwise);
  }

  tell(): void {
    if (this.#broken.length > 0) throw new Error(this.#broken.join("\n"));
  }
}
