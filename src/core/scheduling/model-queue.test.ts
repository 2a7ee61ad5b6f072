import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { FakeWorker } from "../testing/fake-worker.ts";
import { callOf, echo, endingOf, failure, QueueRig, type QueueRigOptions } from "../testing/queue-rig.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { Batch } from "./batch.ts";

function start(options: QueueRigOptions & { readonly window?: number } = {}) {
  const clock = new VirtualClock();
  const worker = new FakeWorker({ clock, window: options.window ?? 1 });
  return { clock, worker, rig: new QueueRig(clock, worker, options) };
}

/** The error that is thrown at once. */
function refusal(task: () => unknown): ServingError {
  try {
    task();
  } catch (error) {
    return ServingError.from(error);
  }
  throw new Error("It was not refused.");
}

describe("batch when busy", () => {
  it("sends a lone call at once", async () => {
    const { clock, rig } = start();
    const { timing } = await clock.until(rig.submit(1).reply);
    expect(timing).toEqual({ queueMs: 0, computeMs: 10, batchCalls: 1 });
    expect(clock.now()).toBe(10);
  });

  it("sends a burst as one batch", async () => {
    const { rig } = start();
    expect(await rig.endings(1, 2, 3)).toEqual([1, 2, 3]);
    expect(rig.batches).toEqual([[1, 2, 3]]);
    expect(rig.measured).toEqual([{ calls: 3, rows: 3, computeMs: 10 }]);
  });

  it("sends what has gathered as soon as the worker is free", async () => {
    const { clock, rig } = start();
    endingOf(rig.submit(1));
    await clock.advance(1);
    const waited = [2, 3, 4].map((number) => rig.submit(number));
    expect({ waiting: rig.queue.waiting, running: rig.queue.running }).toEqual({ waiting: 3, running: 1 });
    await clock.advance(9);
    expect({ waiting: rig.queue.waiting, running: rig.queue.running }).toEqual({ waiting: 0, running: 3 });
    await clock.runOut();
    expect(rig.batches).toEqual([[1], [2, 3, 4]]);
    const timings = await Promise.all(waited.map(async ({ reply }) => (await reply).timing));
    expect(timings).toEqual(waited.map(() => ({ queueMs: 9, computeMs: 10, batchCalls: 3 })));
    expect(rig.queue.isIdle).toBe(true);
  });

  it("keeps a second batch ready in the worker's socket", async () => {
    const { clock, worker, rig } = start({ window: 2, policy: { kind: "single" } });
    for (const number of [1, 2, 3]) endingOf(rig.submit(number));
    await clock.settle();
    expect(worker.lane.underWay).toBe(2);
    expect(rig.batches).toEqual([[1], [2]]);
  });

  it("keeps within the limits of a batch", async () => {
    const { rig } = start({ policy: { kind: "when-busy", maxCalls: 2, maxRows: 100 } });
    await rig.endings(1, 2, 3, 4, 5);
    expect(rig.batches).toEqual([[1, 2], [3, 4], [5]]);
    const byRows = start({ policy: { kind: "when-busy", maxCalls: 100, maxRows: 3 } });
    await byRows.rig.endings(1, 2, 3, 4);
    expect(byRows.rig.batches).toEqual([[1, 2, 3], [4]]);
  });

  it("leaves calls apart that a model could tell apart, in their order", async () => {
    const { clock, rig } = start();
    endingOf(rig.submit(0));
    await clock.settle();
    for (const number of [1, 3, 5]) endingOf(rig.submit(number));
    for (const number of [2, 4]) endingOf(rig.submit(number, { outputs: ["proba"] }));
    await clock.runOut();
    expect(rig.batches).toEqual([[0], [1, 3, 5], [2, 4]]);
  });

  it("serves higher priorities first, 0 behind all, equal ones as they came", async () => {
    const { clock, rig } = start({ policy: { kind: "single" } });
    endingOf(rig.submit(0));
    await clock.settle();
    const priorities = [0, 3, 1, 0, 3, 2];
    for (const [index, priority] of priorities.entries()) endingOf(rig.submit(index + 1, { priority }));
    await clock.runOut();
    expect(rig.batches.flat()).toEqual([0, 3, 6, 2, 5, 1, 4]);
  });
});

describe("declared batches", () => {
  const policy = { kind: "declared", maxCalls: 3, maxWaitMs: 20 } as const;

  it("go when they are full", async () => {
    const { clock, rig } = start({ policy });
    for (const number of [1, 2]) endingOf(rig.submit(number));
    await clock.advance(5);
    expect(rig.batches).toEqual([]);
    endingOf(rig.submit(3));
    await clock.settle();
    expect(rig.batches).toEqual([[1, 2, 3]]);
  });

  it("go when the first call has waited long enough", async () => {
    const { clock, rig } = start({ policy });
    endingOf(rig.submit(1));
    await clock.advance(12);
    endingOf(rig.submit(2));
    await clock.advance(7);
    expect(rig.batches).toEqual([]);
    await clock.advance(1);
    expect(rig.batches).toEqual([[1, 2]]);
  });
});

describe("admission", () => {
  it("refuses one more than the limit, and says when to come again", async () => {
    const { clock, rig } = start({ queueLimit: 2, policy: { kind: "single" }, computeMs: 3000 });
    for (const number of [1, 2]) endingOf(rig.submit(number));
    expect(refusal(() => rig.submit(3))).toMatchObject({ code: "QUEUE_FULL", details: { retryAfterS: 1 } });
    await clock.settle();
    endingOf(rig.submit(3));
    expect(rig.queue.waiting).toBe(2);
  });

  it("refuses a call that cannot be answered in time, and computes when it could", async () => {
    const answer = (numbers: readonly number[], batch: Batch) => ({
      ...echo(numbers, batch),
      computeMs: 2000,
    });
    const { clock, rig } = start({ policy: { kind: "single" }, computeMs: 2000, answer });
    await clock.until(rig.submit(1).reply);
    for (const number of [2, 3, 4]) endingOf(rig.submit(number));
    await clock.settle();
    const late = refusal(() => rig.submit(5, { deadlineMs: clock.now() + 3999 }));
    expect(late).toMatchObject({ code: "OVERLOADED", details: { retryAfterS: 4 } });
    expect(endingOf(rig.submit(5, { deadlineMs: clock.now() + 4000 })).ending).toBe("waiting");
  });

  it("reckons with rows, and only with those that still wait", async () => {
    const { clock, rig } = start({ computeMs: 40 });
    await clock.until(Promise.all([1, 2, 3, 4].map((number) => rig.submit(number).reply)));
    endingOf(rig.submit(0));
    await clock.settle();
    const waiting = [1, 2, 3, 4].map((number) => rig.submit(number));
    for (const call of waiting) endingOf(call);
    // A batch of four took 10 ms by its own account: 2.5 ms a row.
    expect(refusal(() => rig.submit(5, { deadlineMs: clock.now() + 9.9 })).code).toBe("OVERLOADED");
    expect(endingOf(rig.submit(5, { deadlineMs: clock.now() + 10 })).ending).toBe("waiting");
    for (const call of waiting) call.cancel();
    expect(endingOf(rig.submit(6, { deadlineMs: clock.now() + 2.5 })).ending).toBe("waiting");
    rig.queue.failAll(new ServingError("MODEL_LOAD_FAILED", "No."));
    expect(endingOf(rig.submit(7, { deadlineMs: clock.now() })).ending).toBe("waiting");
  });
});

describe("deadlines and cancellation", () => {
  it("end a call at its deadline, wherever it is, and say where it was", async () => {
    const { clock, rig } = start({ policy: { kind: "single" }, computeMs: 100 });
    const [running, queued] = [rig.submit(1, { deadlineMs: 50.5 }), rig.submit(2, { deadlineMs: 30 })];
    await expect(clock.until(queued.reply)).rejects.toThrow("m: no answer within 30 ms (queued).");
    expect(clock.now()).toBe(30);
    await expect(clock.until(running.reply)).rejects.toThrow("(running)");
    expect(clock.now()).toBe(51);
    await clock.runOut();
    expect(rig.batches).toEqual([[1]]);
  });

  it("say that the model was loading", async () => {
    const { clock, rig } = start();
    rig.queue.removeInstance(rig.instance);
    const { reply } = rig.submit(1, { deadlineMs: 5 });
    await expect(clock.until(reply)).rejects.toThrow("(loading)");
  });

  it("take their timers back when the answer comes", async () => {
    const { clock, rig } = start();
    await clock.until(rig.submit(1, { deadlineMs: 1000 }).reply);
    expect(clock.pending).toBe(0);
  });

  it("drop a queued call before it costs anything, and throw away a running one's answer", async () => {
    const { clock, rig } = start({ policy: { kind: "single" } });
    const [running, queued, next] = [rig.submit(1), rig.submit(2), rig.submit(3)];
    const endings = [running, queued, next].map(endingOf);
    await clock.settle();
    queued.cancel();
    running.cancel();
    running.cancel();
    expect({ waiting: rig.queue.waiting, running: rig.queue.running }).toEqual({ waiting: 1, running: 1 });
    await clock.runOut();
    expect(endings.map(({ ending }) => ending)).toEqual(["CANCELLED", "CANCELLED", 3]);
    expect(rig.batches).toEqual([[1], [3]]);
  });
});

describe("failing batches", () => {
  const poison = new Set([3, 11]);
  const answer = (numbers: readonly number[], batch: Batch) =>
    numbers.some((number) => poison.has(number)) ? failure() : echo(numbers, batch);

  it("fail alone the calls that are poison", async () => {
    const { rig } = start({ answer });
    const numbers = Array.from({ length: 16 }, (_, index) => index);
    const endings = await rig.endings(...numbers);
    expect(endings).toEqual(numbers.map((number) => (poison.has(number) ? "MODEL_ERROR" : number)));
    // Two halvings of 16 down to 1, and the way there.
    expect(rig.batches.length).toBeLessThanOrEqual(1 + 2 * 2 * 4);
  });

  it("leave out who has gone meanwhile", async () => {
    const { clock, rig } = start({ answer });
    const calls = [3, 4, 5, 6].map((number) => rig.submit(number));
    const endings = calls.map(endingOf);
    await clock.settle();
    calls[1]?.cancel();
    await clock.runOut();
    expect(endings.map(({ ending }) => ending)).toEqual(["MODEL_ERROR", "CANCELLED", 5, 6]);
    expect(rig.batches.slice(1).flat()).not.toContain(4);
  });

  it("leave nobody waiting for an idle queue when all callers have gone", async () => {
    const { clock, worker, rig } = start({ answer });
    const calls = [3, 4].map((number) => rig.submit(number));
    for (const call of calls) endingOf(call);
    const idle = rig.queue.idle();
    await clock.settle();
    worker.lane.suspend();
    await clock.advance(10);
    for (const call of calls) call.cancel();
    await expect(clock.until(idle)).resolves.toBeUndefined();
  });

  it("leave nobody waiting either when a crash leaves behind what nobody wants any more", async () => {
    const { clock, worker, rig } = start({ window: 2, policy: { kind: "single" } });
    const calls = [1, 2].map((number) => rig.submit(number));
    for (const call of calls) endingOf(call);
    await clock.settle();
    const idle = rig.queue.idle();
    calls[1]?.cancel();
    worker.crash();
    await clock.settle();
    expect(rig.queue.isIdle).toBe(true);
    await expect(clock.until(idle)).resolves.toBeUndefined();
  });

  it("run one by one what came back with other rows", async () => {
    const { rig } = start({
      answer: (numbers, batch) => {
        const { outputs } = echo(numbers, batch).result;
        const result = { outputs: outputs.map((tensor) => ({ ...tensor, shape: [1] })) };
        return { kind: "done", result, computeMs: 1 };
      },
    });
    expect(await rig.endings(1, 2, 3)).toEqual([1, 2, 3]);
    expect(rig.batches[0]).toEqual([1, 2, 3]);
    expect(rig.batches.slice(1).filter((batch) => batch.length === 1)).toHaveLength(3);
  });

  it("never take the queue with them, whatever a runtime does", async () => {
    const { clock, rig } = start();
    rig.instance.run = () => Promise.reject(new Error("A runtime must not do this."));
    expect(await rig.endings(1, 2)).toEqual(["INTERNAL", "INTERNAL"]);
    rig.instance.run = () => {
      throw new Error("Nor this.");
    };
    expect(await rig.endings(3, 4)).toEqual(["INTERNAL", "INTERNAL"]);
    expect({ isIdle: rig.queue.isIdle, underWay: rig.instance.lane.underWay }).toEqual({
      isIdle: true,
      underWay: 0,
    });
    expect(clock.pending).toBe(0);
  });
});

describe("the end of a queue", () => {
  it("fails what waits with the reason, and lets finish what runs", async () => {
    const { clock, rig } = start({ policy: { kind: "single" } });
    const endings = [1, 2, 3].map((number) => endingOf(rig.submit(number)));
    await clock.settle();
    const idle = rig.queue.idle();
    rig.queue.failAll(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    await clock.until(idle);
    expect(endings.map(({ ending }) => ending)).toEqual([1, "SHUTTING_DOWN", "SHUTTING_DOWN"]);
    expect(rig.queue.isIdle).toBe(true);
    await expect(rig.queue.idle()).resolves.toBeUndefined();
  });

  it("fails what comes back unrun once it is closed, since nobody would send it again", async () => {
    const { clock, worker, rig } = start({ window: 2, policy: { kind: "single" } });
    const endings = [1, 2, 3].map((number) => endingOf(rig.submit(number)));
    await clock.settle();
    rig.queue.close(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    worker.crash();
    await clock.runOut();
    expect(endings.map(({ ending }) => ending)).toEqual(["WORKER_DIED", "SHUTTING_DOWN", "SHUTTING_DOWN"]);
    expect(rig.queue.isIdle).toBe(true);
  });

  it("keeps calls for the instance that comes", async () => {
    const { clock, rig } = start();
    rig.queue.removeInstance(rig.instance);
    const ending = endingOf(rig.queue.submit(callOf(1)));
    await clock.advance(1000);
    expect(ending.ending).toBe("waiting");
    rig.queue.addInstance(rig.instance);
    await clock.runOut();
    expect(ending.ending).toBe(1);
  });
});
