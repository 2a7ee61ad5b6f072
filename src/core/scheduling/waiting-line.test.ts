import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { anyStyle, type CallStyle, mayShare, numberedPayload } from "../testing/numbered-calls.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { PendingCall } from "./pending-call.ts";
import { WaitingLine } from "./waiting-line.ts";

interface Waiting {
  readonly style: CallStyle;
  readonly rows: number;
  readonly priority: number;
  readonly isSuspect: boolean;
  readonly isGivenUp: boolean;
}

const anyWaiting: fc.Arbitrary<Waiting> = fc.record({
  style: anyStyle,
  rows: fc.integer({ min: 1, max: 4 }),
  priority: fc.integer({ min: 0, max: 2 }),
  isSuspect: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  isGivenUp: fc.boolean(),
});

const anyLimits = fc.record({
  maxCalls: fc.integer({ min: 1, max: 5 }),
  maxRows: fc.integer({ min: 1, max: 8 }),
});

/** A line with these calls, of which some have been given up again. */
function lineOf(waiting: readonly Waiting[]): {
  readonly line: WaitingLine;
  readonly calls: readonly PendingCall[];
} {
  const line = new WaitingLine();
  const calls = waiting.map((entry, index) => {
    const { outputs, parameters } = entry.style;
    const payload = numberedPayload(entry.style, index * 10, entry.rows);
    const call = { payload, outputs, parameters, priority: entry.priority, deadlineMs: Infinity };
    const onAbandoned = (): void => {
      line.forgetOne();
    };
    const pending = new PendingCall(call, { now: 0, onAbandoned });
    pending.reply.catch(() => undefined);
    pending.isSuspect = entry.isSuspect;
    line.push(pending);
    return pending;
  });
  for (const [index, { isGivenUp }] of waiting.entries()) if (isGivenUp) calls[index]?.cancel();
  return { line, calls };
}

/** V2: 1 is the highest priority, 0 comes last; equal ones as they came. */
function inOrder(calls: readonly PendingCall[]): readonly PendingCall[] {
  const rankOf = ({ call }: PendingCall): number => (call.priority === 0 ? Infinity : call.priority);
  return calls
    .filter(({ isSettled }) => !isSettled)
    .sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : rankOf(a) > rankOf(b) ? 1 : 0));
}

/** The rule of a batch, said as slowly as possible. */
function nextBatch(
  waiting: readonly PendingCall[],
  limits: { readonly maxCalls: number; readonly maxRows: number },
) {
  const [first, ...others] = waiting;
  if (first === undefined) return [];
  const batch = [first];
  if (first.rows === null || first.isSuspect) return batch;
  for (const next of others) {
    const rows = batch.reduce((sum, call) => sum + (call.rows ?? 0), 0);
    const isAlike = next.rows !== null && !next.isSuspect && mayShare(first.call, next.call);
    if (isAlike && batch.length < limits.maxCalls && rows + next.rows <= limits.maxRows) batch.push(next);
  }
  return batch;
}

describe("WaitingLine", () => {
  it("serves in order, takes along who may share, and forgets who has gone", patience, () => {
    fc.assert(
      fc.property(fc.array(anyWaiting, { maxLength: 12 }), anyLimits, (waiting, limits) => {
        const { line, calls } = lineOf(waiting);
        let left = inOrder(calls);
        while (left.length > 0) {
          expect(line.length).toBe(left.length);
          expect(line.peek()).toBe(left[0]);
          expect(line.all()).toEqual(left);
          const batch = nextBatch(left, limits);
          expect(line.take(limits)).toEqual(batch);
          left = left.filter((call) => !batch.includes(call));
        }
        expect([line.length, line.peek(), line.take(limits)]).toEqual([0, undefined, []]);
      }),
      runs(400),
    );
  });

  it("gives everything at once, without who has gone", () => {
    fc.assert(
      fc.property(fc.array(anyWaiting, { maxLength: 12 }), (waiting) => {
        const { line, calls } = lineOf(waiting);
        expect(line.takeAll()).toEqual(inOrder(calls));
        expect(line.length).toBe(0);
      }),
    );
  });
});

describe("PendingCall", () => {
  const call = {
    payload: { kind: "tensors", tensors: [] },
    outputs: null,
    parameters: null,
    priority: 0,
    deadlineMs: Infinity,
  } as const;
  const answer = { result: { outputs: [] }, timing: { queueMs: 0, computeMs: 0, batchCalls: 1 } };

  it("settles once, whoever comes first", async () => {
    const abandoned: PendingCall[] = [];
    const onAbandoned = (pending: PendingCall): void => {
      abandoned.push(pending);
    };
    const [answered, cancelled] = [0, 1].map(() => new PendingCall(call, { now: 0, onAbandoned }));
    answered?.succeed(answer);
    answered?.cancel();
    answered?.fail(new ServingError("INTERNAL", "late"));
    cancelled?.cancel();
    cancelled?.succeed(answer);
    await expect(answered?.reply).resolves.toBe(answer);
    await expect(cancelled?.reply).rejects.toMatchObject({ code: "CANCELLED" });
    expect(abandoned).toEqual([cancelled]);
  });
});
