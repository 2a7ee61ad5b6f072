import { describe, expect, it } from "vitest";
import { FakeWorker } from "../testing/fake-worker.ts";
import { endingOf, QueueRig } from "../testing/queue-rig.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";

/** Two models in one worker that takes its time. */
function start(window = 2) {
  const clock = new VirtualClock();
  const worker = new FakeWorker({ clock, window });
  const slow = new QueueRig(clock, worker, { label: "slow", computeMs: 60_000 });
  const quick = new QueueRig(clock, worker, { label: "quick" });
  return { clock, worker, slow, quick };
}

describe("a batch that nobody waits for", () => {
  it("is ended after its grace when others wait for the worker, which comes back for them", async () => {
    const { clock, slow, quick } = start();
    const abandoned = slow.submit(1);
    const gone = endingOf(abandoned);
    await clock.settle();
    const waiting = endingOf(quick.submit(2));
    abandoned.cancel();
    await clock.advance(9_999);
    expect([gone.ending, waiting.ending]).toEqual(["CANCELLED", "waiting"]);
    await clock.advance(100);
    expect(waiting.ending).toBe(2);
    expect(slow.queue.isIdle).toBe(true);
  });

  it("goes on while nobody else wants the worker, and is ended soon after somebody does", async () => {
    const { clock, worker, slow, quick } = start();
    const abandoned = slow.submit(1);
    endingOf(abandoned);
    await clock.settle();
    abandoned.cancel();
    await clock.advance(35_000);
    expect(worker.lane.underWay).toBe(1);
    const waiting = endingOf(quick.submit(2));
    await clock.advance(10_100);
    expect(waiting.ending).toBe(2);
  });

  it("goes on while one of its callers is left", async () => {
    const { clock, slow, quick } = start();
    const [leaves, stays] = [slow.submit(1), slow.submit(3)];
    endingOf(leaves);
    const staying = endingOf(stays);
    await clock.settle();
    const waiting = endingOf(quick.submit(2));
    leaves.cancel();
    await clock.runOut();
    expect([staying.ending, waiting.ending]).toEqual([3, 2]);
  });

  it("does not take down the one that the worker computes before it", async () => {
    const { clock, worker, slow, quick } = start();
    const running = endingOf(slow.submit(1));
    await clock.settle();
    const abandoned = quick.submit(2);
    endingOf(abandoned);
    await clock.settle();
    expect(worker.lane.underWay).toBe(2);
    const waiting = endingOf(quick.submit(3));
    abandoned.cancel();
    await clock.runOut();
    expect([running.ending, waiting.ending]).toEqual([1, 3]);
  });

  it("leaves no timer behind", async () => {
    const { clock, slow } = start();
    const abandoned = slow.submit(1);
    endingOf(abandoned);
    await clock.settle();
    abandoned.cancel();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});
