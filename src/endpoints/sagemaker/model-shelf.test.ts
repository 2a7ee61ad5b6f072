import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeContainer, type FakeContainerOptions } from "../../core/testing/fake-containers.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { ModelShelf } from "./model-shelf.ts";
import { VariantTally } from "./variant-tally.ts";

class Rig {
  readonly clock = new VirtualClock();
  readonly tally = new VariantTally();
  readonly container: FakeContainer;
  readonly shelf: ModelShelf;

  constructor(options: Omit<FakeContainerOptions, "clock"> = {}, { keeps = true, concurrentLoads = 4 } = {}) {
    const { clock, tally } = this;
    const launched = {
      endpoint: "e",
      variant: "v",
      ordinal: 0,
      definition: { Mode: "MultiModel" as const },
      startupTimeoutMs: 0,
      downloadTimeoutMs: 0,
    };
    this.container = new FakeContainer({ clock, ...options }, launched, () => undefined);
    this.shelf = new ModelShelf({
      ...{ clock, tally, keeps, concurrentLoads, models: this.container },
      say: () => undefined,
    });
  }

  /** Uses a model for so long. */
  async call(target: string, ms = 1): Promise<void> {
    const use = await this.shelf.use(target);
    await new Promise<void>((resolve) => {
      this.clock.schedule(ms, resolve);
    });
    if (!this.container.loaded.has(use.model.id)) throw new Error(`${target} went while it was used.`);
    use.done();
  }
}

describe("ModelShelf", () => {
  it("loads a model once however many ask, and not again", async () => {
    const rig = new Rig();
    await rig.clock.until(Promise.all([rig.call("a"), rig.call("a"), rig.call("a")]));
    await rig.clock.until(rig.call("a"));
    expect(rig.container.history).toEqual(["load a"]);
    expect(rig.tally.summaries().ModelCacheHit).toEqual({ sum: 1, count: 4 });
  });

  it("lets the one go that was used least recently", async () => {
    const rig = new Rig({ room: 2 });
    for (const target of ["a", "b", "a", "c"]) await rig.clock.until(rig.call(target));
    expect(rig.container.history).toEqual(["load a", "load b", "unload b", "load c"]);
  });

  it("never lets one go that is in use: who needs room waits", async () => {
    const rig = new Rig({ room: 1 });
    const long = rig.call("a", 5_000);
    await rig.clock.advance(100);
    const other = rig.call("b");
    await rig.clock.advance(1_000);
    expect(rig.container.history).toEqual(["load a"]);
    await rig.clock.until(Promise.all([long, other]));
    expect(rig.container.history).toEqual(["load a", "unload a", "load b"]);
  });

  it("tells a caller after a minute that its model is not ready, and goes on loading", async () => {
    const rig = new Rig({ loadMs: 90_000 });
    await expect(rig.clock.until(rig.call("a"))).rejects.toMatchObject({ code: "MODEL_NOT_READY" });
    expect(rig.clock.now()).toBe(60_000);
    await rig.clock.advance(30_000);
    await rig.clock.until(rig.call("a"));
    expect(rig.container.history).toEqual(["load a"]);
  });

  it("says why a model cannot be had, and tries again when it is asked again", async () => {
    const rig = new Rig();
    await expect(rig.clock.until(rig.call("missing"))).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(rig.clock.until(rig.call("broken"))).rejects.toMatchObject({ code: "MODEL_LOAD_FAILED" });
    await expect(rig.clock.until(rig.call("broken"))).rejects.toMatchObject({ code: "MODEL_LOAD_FAILED" });
    expect(rig.shelf.loaded).toBe(0);
  });

  it("loads a large model while small ones come and go without end", async () => {
    const rig = new Rig({ room: 5 }, { concurrentLoads: 16 });
    let isLoaded = false;
    const smallOnes = Array.from({ length: 8 }, async (_, caller) => {
      for (let index = 0; !isLoaded && index < 100; index += 1)
        await rig.call(`small ${String(caller)} ${String(index)}`);
    });
    await rig.clock.advance(500);
    const large = rig.call("large").then(() => (isLoaded = true));
    await rig.clock.until(Promise.all([large, ...smallOnes]));
    const before = rig.container.history.indexOf("load large");
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(60);
  });

  it("refuses a model that does not fit into an empty container", async () => {
    const rig = new Rig({ room: 0 });
    await expect(rig.clock.until(rig.call("a"))).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
  });

  it("without a cache, unloads and discards a model as soon as nobody uses it", async () => {
    const rig = new Rig({}, { keeps: false });
    await rig.clock.until(rig.call("a"));
    await rig.clock.advance(10);
    expect(rig.container.history).toEqual(["load a", "unload a", "discard a"]);
    await rig.clock.until(rig.call("a"));
    expect(rig.container.history.filter((entry) => entry === "load a")).toHaveLength(2);
  });

  it("answers any calls within its room, whatever their order", async () => {
    const calls = fc.array(
      fc.record({
        target: fc.constantFrom("a", "b", "c", "d", "e"),
        at: fc.integer({ min: 0, max: 500 }),
        ms: fc.integer({ min: 0, max: 300 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 1, max: 4 }), async (all, room) => {
        const rig = new Rig({ room });
        const ended = all.map(async ({ target, at, ms }) => {
          await new Promise<void>((resolve) => {
            rig.clock.schedule(at, resolve);
          });
          await rig.call(target, ms);
        });
        await rig.clock.until(Promise.all(ended));
        expect(rig.container.most).toBeLessThanOrEqual(room);
      }),
      { numRuns: 50 },
    );
  });
});
