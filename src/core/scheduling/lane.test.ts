import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeWorker } from "../testing/fake-worker.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { echo, endingOf, QueueRig } from "../testing/queue-rig.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Dispatcher, Lane } from "./lane.ts";

/** So many batches to send, each gone until the test says that it is back. */
class Sender implements Dispatcher {
  left: number;
  isReady = true;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, left: number, log: string[]) {
    this.#name = name;
    this.left = left;
    this.#log = log;
  }

  get hasWork(): boolean {
    return this.left > 0;
  }

  dispatch(): boolean {
    if (!this.isReady || this.left === 0) return false;
    this.left -= 1;
    this.#log.push(this.#name);
    return true;
  }
}

function start(window: number) {
  const clock = new VirtualClock();
  const lane = new Lane(clock, window);
  const log: string[] = [];
  return { clock, lane, log, sender: (name: string, left: number) => new Sender(name, left, log) };
}

describe("a lane", () => {
  it("lets models take turns", async () => {
    const { clock, lane, log, sender } = start(1);
    for (const [name, batches] of Object.entries({ a: 3, b: 1, c: 2 })) lane.attach(sender(name, batches));
    await clock.settle();
    for (let batch = 0; batch < 6; batch += 1) lane.finished({});
    expect(log.join("")).toBe("abcaca");
    expect(lane.underWay).toBe(0);
  });

  it("is not stopped by a model that has nothing to send", async () => {
    const { clock, lane, log, sender } = start(1);
    for (const [name, batches] of Object.entries({ a: 2, b: 0, c: 0 })) lane.attach(sender(name, batches));
    await clock.settle();
    lane.finished({});
    expect(log).toEqual(["a", "a"]);
  });

  it("fills its window past a model that cannot send now, and comes back to that", async () => {
    const { clock, lane, log, sender } = start(2);
    const stuck = sender("stuck", 1);
    stuck.isReady = false;
    lane.attach(stuck);
    lane.attach(sender("a", 3));
    await clock.settle();
    expect(log).toEqual(["a", "a"]);
    stuck.isReady = true;
    lane.finished({});
    expect(log).toEqual(["a", "a", "stuck"]);
  });

  it("sends nothing while it is suspended, and everything that has gathered afterwards", async () => {
    const { clock, lane, log, sender } = start(2);
    lane.suspend();
    const a = sender("a", 1);
    lane.attach(a);
    lane.request(a);
    lane.attach(sender("b", 1));
    await clock.settle();
    expect(log).toEqual([]);
    lane.resume();
    await clock.settle();
    expect(log).toEqual(["a", "b"]);
  });

  it("forgets a model that is detached", async () => {
    const { clock, lane, log, sender } = start(1);
    const [a, b] = [sender("a", 5), sender("b", 1)];
    lane.attach(a);
    lane.attach(b);
    lane.detach(a);
    await clock.settle();
    lane.finished({});
    lane.resume();
    await clock.settle();
    expect(log).toEqual(["b"]);
  });

  it("says whether anybody waits for the worker, and what it computes", async () => {
    const { clock, lane, sender } = start(2);
    expect(lane.isWanted).toBe(false);
    lane.attach(sender("a", 1));
    await clock.settle();
    const [first, second] = [{}, {}];
    lane.sent(first);
    expect(lane.isWanted).toBe(false);
    lane.attach(sender("b", 1));
    await clock.settle();
    lane.sent(second);
    expect(lane.isWanted).toBe(true);
    expect([lane.computes(first), lane.computes(second)]).toEqual([true, false]);
    lane.finished(first);
    expect(lane.computes(second)).toBe(true);
  });

  it(
    "is fair: who has work all the time never waits for more than one batch of each other",
    patience,
    async () => {
      const models = fc.array(fc.integer({ min: 5, max: 12 }), { minLength: 2, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(models, fc.integer({ min: 1, max: 2 }), async (counts, window) => {
          const clock = new VirtualClock();
          const worker = new FakeWorker({ clock, window });
          const log: number[] = [];
          for (const [model, calls] of counts.entries()) {
            const rig = new QueueRig(clock, worker, {
              policy: { kind: "single" },
              answer: (numbers, batch) => {
                log.push(model);
                return echo(numbers, batch);
              },
            });
            for (let call = 0; call < calls; call += 1) endingOf(rig.submit(call));
          }
          await clock.runOut();
          const rounds = Math.min(...counts);
          for (let round = 0; round < rounds; round += 1) {
            const turn = log.slice(round * counts.length, (round + 1) * counts.length);
            expect([...turn].sort()).toEqual([...counts.keys()]);
          }
        }),
        runs(40),
      );
    },
  );
});
