import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { modelBytes, ResidencyRig } from "../testing/residency-rig.ts";

const broken = new ServingError("MODEL_LOAD_FAILED", "The file is broken.");

describe("loading", () => {
  it("happens once, however many ask, and answers all of them", async () => {
    const rig = new ResidencyRig();
    const a = rig.version("a");
    const loads = [1, 2].map(() => rig.residency.load(a, { cold: false }));
    const calls = Array.from({ length: 20 }, () => rig.call(a));
    await rig.clock.settle();
    expect(a.state).toBe("loading");
    await rig.clock.runOut();
    await Promise.all(loads);
    expect(rig.runtime.loads).toEqual(["a"]);
    expect(new Set(calls.map(({ ending }) => ending))).toEqual(new Set([7]));
    await rig.clock.until(rig.residency.load(a, { cold: false }));
    expect(rig.runtime.loads).toEqual(["a"]);
  });

  it("tells the meter and the log, and which load a caller waited for", async () => {
    const rig = new ResidencyRig({ about: ({ name }) => ({ loadFailure: name === "b" ? broken : null }) });
    const [a, b] = [rig.version("a"), rig.version("b")];
    rig.call(a);
    await rig.clock.until(rig.residency.load(b, { cold: false }).catch(() => undefined));
    await rig.clock.runOut();
    expect(rig.meter.loads).toEqual([
      { model: "a", measurement: { ok: true, loadMs: 10, cold: true } },
      { model: "b", measurement: { ok: false, loadMs: 10, cold: false } },
    ]);
    expect(rig.logger.of("model loaded")).toEqual([{ model: "a", load_ms: 10, memory_bytes: modelBytes }]);
    expect(rig.logger.of("model failed to load")).toMatchObject([{ model: "b", reason: broken.message }]);
  });

  it("of several models keeps to its number at once", async () => {
    const rig = new ResidencyRig({ concurrentLoads: 3 });
    await rig.clock.until(
      Promise.all(
        rig.versions("a", "b", "c", "d", "e").map((version) => rig.residency.load(version, { cold: false })),
      ),
    );
    expect([rig.runtime.loads.length, rig.runtime.mostLoading]).toEqual([5, 3]);
  });

  it("under a budget is one at a time, so that each is measured alone", async () => {
    const rig = new ResidencyRig({ concurrentLoads: 3, budgetBytes: 100 * modelBytes });
    await rig.clock.until(
      Promise.all(rig.versions("a", "b", "c").map((version) => rig.residency.load(version, { cold: false }))),
    );
    expect(rig.runtime.mostLoading).toBe(1);
  });
});

describe("a load that fails", () => {
  it("gives its reason to all that wait, and to all that ask, and keeps it for a while", async () => {
    let isMended = false;
    const rig = new ResidencyRig({ about: () => ({ loadFailure: isMended ? null : broken }) });
    const a = rig.version("a");
    const [call, load] = [rig.call(a), rig.residency.load(a, { cold: true })];
    await expect(rig.clock.until(load)).rejects.toBe(broken);
    expect([call.ending, a.state, a.failure]).toEqual(["MODEL_LOAD_FAILED", "failed", broken]);
    isMended = true;
    await rig.clock.advance(9_999);
    expect(() => rig.call(a)).toThrow(broken);
    expect(rig.runtime.loads).toHaveLength(1);
    await rig.clock.advance(1);
    const again = rig.call(a);
    await rig.clock.runOut();
    expect([again.ending, a.failure]).toEqual([7, null]);
  });

  it("can be tried again at once by who asks for the load itself", async () => {
    let isMended = false;
    const rig = new ResidencyRig({ about: () => ({ loadFailure: isMended ? null : broken }) });
    const a = rig.version("a");
    await expect(rig.clock.until(rig.residency.load(a, { cold: false }))).rejects.toBe(broken);
    isMended = true;
    await rig.load(a);
    expect(a.state).toBe("ready");
  });

  it("for want of memory is tried again by the next caller, as its answer promises", async () => {
    const rig = new ResidencyRig({ budgetBytes: modelBytes });
    const [pinned, other] = [rig.version("pinned", { pinned: true }), rig.version("other")];
    await rig.load(pinned);
    const refused = rig.call(other);
    await rig.clock.runOut();
    expect(refused.ending).toBe("OUT_OF_MEMORY");
    await rig.clock.until(rig.residency.unload(pinned));
    await rig.clock.advance(1000);
    const call = rig.call(other);
    await rig.clock.runOut();
    expect(call.ending).toBe(7);
  });

  it("does not keep others from being loaded", async () => {
    const rig = new ResidencyRig({
      budgetBytes: 10 * modelBytes,
      about: ({ name }) => ({ loadFailure: name === "a" ? broken : null }),
    });
    const [a, b] = [rig.version("a"), rig.version("b")];
    const calls = [rig.call(a), rig.call(b)];
    await rig.clock.runOut();
    expect(calls.map(({ ending }) => ending)).toEqual(["MODEL_LOAD_FAILED", 7]);
  });
});

describe("a budget", () => {
  it("evicts the least recently used, says why, and brings it back for a call", async () => {
    const rig = new ResidencyRig({ budgetBytes: 2 * modelBytes });
    const [a, b, c] = [rig.version("a"), rig.version("b"), rig.version("c")];
    await rig.load(a, b);
    rig.call(a);
    await rig.clock.advance(50);
    await rig.load(c);
    expect(rig.resident).toBe("a c");
    expect([b.state, b.memoryBytes]).toEqual(["registered", modelBytes]);
    expect(rig.meter.evictions).toEqual([{ model: "b", measurement: "memory_budget" }]);
    expect(rig.logger.of("model evicted")).toMatchObject([
      { model: "b", reason: "memory budget", for: "c", budgetBytes: 2 * modelBytes, held: 2 * modelBytes },
    ]);
    const call = rig.call(b);
    await rig.clock.runOut();
    expect([call.ending, rig.resident]).toEqual([7, "b c"]);
    expect(rig.runtime.loads).toEqual(["a", "b", "c", "b"]);
  });

  it("evicts as many as it takes", async () => {
    const rig = new ResidencyRig({
      budgetBytes: 4 * modelBytes,
      about: ({ name }) => ({ description: { memoryBytes: name === "big" ? 3 * modelBytes : modelBytes } }),
    });
    const big = rig.version("big");
    big.memoryBytes = 3 * modelBytes;
    await rig.load(...rig.versions("a", "b", "c", "d"), big);
    expect(rig.resident).toBe("big d");
  });

  it("never evicts what is pinned or busy", async () => {
    const rig = new ResidencyRig({ budgetBytes: 3 * modelBytes });
    const pinned = rig.version("pinned", { pinned: true });
    const [busy, idle, next] = [rig.version("busy"), rig.version("idle"), rig.version("next")];
    await rig.load(pinned, busy, idle);
    rig.call(idle);
    await rig.clock.advance(10);
    const call = rig.call(busy);
    await rig.clock.settle();
    const load = rig.residency.load(next, { cold: false });
    await rig.clock.until(load);
    expect([rig.resident, call.ending]).toEqual(["busy next pinned", 7]);
  });

  it("waits for a busy model when only that makes room", async () => {
    const slow = {
      run: () => ({ computeMs: 5_000, finish: () => ({ kind: "failed", error: broken }) as const }),
    };
    const rig = new ResidencyRig({
      budgetBytes: modelBytes,
      about: ({ name }) => (name === "busy" ? slow : {}),
    });
    const [busy, next] = [rig.version("busy"), rig.version("next")];
    await rig.load(busy);
    rig.call(busy);
    await rig.clock.settle();
    const call = rig.call(next);
    await rig.clock.advance(4_000);
    expect([rig.resident, call.ending]).toEqual(["busy", "waiting"]);
    await rig.clock.runOut();
    expect([rig.resident, call.ending]).toEqual(["next", 7]);
  });

  it("gives up waiting after a while, and says what holds the memory", async () => {
    const endless = {
      run: () => ({ computeMs: 100_000, finish: () => ({ kind: "failed", error: broken }) as const }),
    };
    const rig = new ResidencyRig({
      budgetBytes: modelBytes,
      about: ({ name }) => (name === "busy" ? endless : {}),
    });
    const [busy, next] = [rig.version("busy"), rig.version("next")];
    await rig.load(busy);
    rig.call(busy);
    const startedAt = rig.clock.now();
    const load = rig.residency.load(next, { cold: true });
    await expect(rig.clock.until(load)).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message:
        "next needs about 1.0 MiB; 1.0 MiB of the budget of 1.0 MiB are held, and no idle model is left to evict.",
    });
    expect(rig.clock.now() - startedAt).toBeGreaterThanOrEqual(30_000);
    expect(rig.clock.now() - startedAt).toBeLessThan(30_010);
  });

  it("waits for an unload that is under way instead of giving up", async () => {
    const rig = new ResidencyRig({
      budgetBytes: modelBytes,
      about: ({ name }) => ({ unloadMs: name === "leaving" ? 500 : 5 }),
    });
    const [leaving, next] = [rig.version("leaving"), rig.version("next")];
    await rig.load(leaving);
    const unload = rig.residency.unload(leaving);
    await rig.clock.advance(1);
    expect(leaving.state).toBe("unloading");
    await rig.clock.until(Promise.all([rig.residency.load(next, { cold: false }), unload]));
    expect(rig.resident).toBe("next");
  });

  it("is kept at the start without evicting what has just been loaded", async () => {
    const rig = new ResidencyRig({ budgetBytes: 2 * modelBytes });
    const loads = rig
      .versions("a", "b", "c")
      .map((version) => rig.residency.load(version, { cold: false, mayEvict: false }));
    const results = await rig.clock.until(Promise.allSettled(loads));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect([rig.resident, rig.meter.evictions]).toEqual(["a b", []]);
  });
});

describe("loads and unloads of one model", () => {
  it("follow one another in the order they were asked for", async () => {
    const rig = new ResidencyRig();
    const a = rig.version("a");
    const all = [rig.residency.load(a, { cold: false }), rig.residency.unload(a), rig.residency.unload(a)];
    await rig.clock.until(Promise.all(all));
    expect(a.state).toBe("registered");
    await rig.clock.until(Promise.all([rig.residency.load(a, { cold: false })]));
    const [unload, load] = [
      rig.residency.unload(a),
      rig.clock.advance(2).then(() => rig.residency.load(a, { cold: false })),
    ];
    await rig.clock.until(Promise.all([unload, load]));
    expect([a.state, rig.runtime.loads.length, rig.runtime.unloads.length]).toEqual(["ready", 3, 2]);
  });

  it("never wait for each other in a circle, though the load still waits for its turn", async () => {
    const rig = new ResidencyRig({ budgetBytes: 10 * modelBytes });
    const [a, b, c] = [rig.version("a"), rig.version("b"), rig.version("c")];
    const first = rig.residency.load(a, { cold: false });
    const call = rig.call(b);
    const unload = rig.residency.unload(b);
    const last = rig.residency.load(c, { cold: false });
    await rig.clock.until(Promise.all([first, unload, last]));
    expect([rig.resident, call.ending]).toEqual(["a c", 7]);
  });

  it("bring a model back for calls that came while it left", async () => {
    const rig = new ResidencyRig();
    const a = rig.version("a");
    await rig.load(a);
    const unload = rig.residency.unload(a);
    await rig.clock.advance(1);
    expect(a.state).toBe("unloading");
    const call = rig.call(a);
    await rig.clock.until(unload);
    await rig.clock.runOut();
    expect([call.ending, a.state]).toEqual([7, "ready"]);
  });

  it("finish what the model has before it leaves", async () => {
    const rig = new ResidencyRig();
    const a = rig.version("a");
    await rig.load(a);
    const calls = [rig.call(a), rig.call(a)];
    await rig.clock.until(rig.residency.unload(a));
    expect(calls.map(({ ending }) => ending)).toEqual([7, 7]);
    expect(rig.resident).toBe("");
  });

  it("go on when an unload fails, and say so", async () => {
    const unloadFailure = new ServingError("INTERNAL", "It would not go.");
    const rig = new ResidencyRig({
      budgetBytes: modelBytes,
      about: ({ name }) => ({ unloadFailure: name === "a" ? unloadFailure : null }),
    });
    const [a, b] = [rig.version("a"), rig.version("b")];
    await rig.load(a);
    await rig.load(b);
    expect([rig.resident, a.state]).toEqual(["b", "registered"]);
    expect(rig.logger.of("model could not be unloaded")).toMatchObject([
      { model: "a", reason: "It would not go." },
    ]);
    await rig.load(a);
    expect(rig.resident).toBe("a");
  });
});
