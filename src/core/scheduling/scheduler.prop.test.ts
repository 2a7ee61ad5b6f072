import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, runs } from "../testing/fuzz.ts";
import { anyStyle } from "../testing/numbered-calls.ts";
import type { QueueOptions, Submission } from "../testing/scheduler-rules.ts";
import { SchedulerWorld } from "../testing/scheduler-world.ts";
import type { BatchPolicy } from "./model-queue.ts";

const small = fc.integer({ min: 0, max: 3 });

const whenBusy = fc.record({
  kind: fc.constant("when-busy" as const),
  maxCalls: fc.integer({ min: 1, max: 12 }),
  maxRows: fc.integer({ min: 1, max: 24 }),
});
const declared = fc.record({
  kind: fc.constant("declared" as const),
  maxCalls: fc.integer({ min: 2, max: 6 }),
  maxWaitMs: fc.integer({ min: 1, max: 15 }),
});
const anyPolicy: fc.Arbitrary<BatchPolicy> = fc.oneof(
  { weight: 5, arbitrary: whenBusy },
  { weight: 2, arbitrary: declared },
  { weight: 1, arbitrary: fc.constant({ kind: "single" } as const) },
);

const anyQueue: fc.Arbitrary<QueueOptions> = fc.record({
  policy: anyPolicy,
  queueLimit: fc.oneof(
    { weight: 3, arbitrary: fc.constant(100) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
  ),
});

const anyWorker = fc.record({
  window: fc.integer({ min: 1, max: 2 }),
  restartMs: fc.integer({ min: 0, max: 20 }),
});

/** Few styles a run, so that calls meet others of their own. */
const anyWorld = fc.record({
  queues: fc.array(anyQueue, { minLength: 1, maxLength: 3 }),
  workers: fc.array(anyWorker, { minLength: 1, maxLength: 2 }),
  lies: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
  styles: fc.array(anyStyle, { minLength: 1, maxLength: 3 }),
});

const anySubmission: fc.Arbitrary<Omit<Submission, "style">> = fc.record({
  rows: fc.integer({ min: 1, max: 4 }),
  fate: fc.oneof(
    { weight: 20, arbitrary: fc.constant("good" as const) },
    { weight: 3, arbitrary: fc.constant("poison" as const) },
    { weight: 1, arbitrary: fc.constant("killer" as const) },
  ),
  computeMs: fc.integer({ min: 0, max: 5 }),
  priority: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 })),
  timeoutMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(Infinity) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 240 }).map((halves) => halves / 2) },
  ),
});

const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      submission: anySubmission,
      style: small,
      queue: small,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 25 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("burst" as const),
      submission: anySubmission,
      count: fc.integer({ min: 2, max: 9 }),
      style: small,
      queue: small,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), call: fc.nat({ max: 200 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), worker: small }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("suspend" as const),
      worker: small,
      ms: fc.integer({ min: 0, max: 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("place" as const),
      queue: small,
      worker: small,
      isThere: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("fail-all" as const, "wait-for-idle" as const),
      queue: small,
    }),
  },
);

type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** One of a few, whatever the number. */
function pick<Value>(list: readonly Value[], index: number): Value {
  const value = list[index % list.length];
  if (value === undefined) throw new Error("Nothing to pick from.");
  return value;
}

async function take(
  world: SchedulerWorld,
  step: Step,
  styles: readonly Submission["style"][],
): Promise<void> {
  switch (step.do) {
    case "submit":
      world.submit(pick(world.queues, step.queue), { ...step.submission, style: pick(styles, step.style) });
      return;
    case "burst":
      for (let call = 0; call < step.count; call += 1) {
        // One of them may be poison; a burst of nothing else would show little.
        const fate = call === 0 ? step.submission.fate : "good";
        const style = pick(styles, step.style);
        world.submit(pick(world.queues, step.queue), { ...step.submission, fate, style });
      }
      return;
    case "pass":
      await world.pass(step.ms);
      return;
    case "cancel":
      world.cancel(step.call);
      return;
    case "crash":
      pick(world.workers, step.worker).crash();
      return;
    case "suspend":
      world.suspend(pick(world.workers, step.worker), step.ms);
      return;
    case "place":
      world.place(pick(world.queues, step.queue), pick(world.workers, step.worker), step.isThere);
      return;
    case "fail-all":
      world.failAll(pick(world.queues, step.queue));
      return;
    case "wait-for-idle":
      world.waitForIdle(pick(world.queues, step.queue));
  }
}

describe("the scheduler", () => {
  it("gives every call its own rows or an error of its own, once, whatever happens", patience, async () => {
    const steps = fc.array(anyStep, { minLength: 10, maxLength: 60, size: "max" });
    let merges = 0;
    await fc.assert(
      fc.asyncProperty(anyWorld, steps, async ({ styles, ...options }, story) => {
        const world = new SchedulerWorld(options);
        for (const queue of world.queues)
          for (const worker of world.workers) world.place(queue, worker, true);
        for (const step of story) await take(world, step, styles);
        await world.end();
        merges += world.merges;
      }),
      runs(300),
    );
    expect(merges).toBeGreaterThan(500);
  });
});
