import { describe, expect, it } from "vitest";
import { endOf, HostRig } from "../testing/host-rig.ts";

describe("loading a model", () => {
  it("resolves when it is ready to answer", async () => {
    const rig = new HostRig();
    expect(await rig.load("a")).toBe("scaled");
    expect(rig.clock.now()).toBe(10);
    expect(await rig.ask("a", "hello")).toBe("hello");
  });

  it("goes well for exactly one of those who ask together", async () => {
    const rig = new HostRig();
    const all = Promise.all([rig.register("a"), rig.register("a"), rig.register("a")]);
    expect((await rig.clock.until(all)).toSorted()).toEqual(["ALREADY_EXISTS", "ALREADY_EXISTS", "scaled"]);
    expect(rig.handlers.running.size).toBe(1);
  });

  it.each([
    ["fails", "MODEL_LOAD_FAILED"],
    ["out-of-memory", "OUT_OF_MEMORY"],
  ] as const)("leaves nothing behind when it %s, and can be tried again", async (load, code) => {
    const rig = new HostRig();
    rig.behaviour.set("a", { load });
    expect(await rig.load("a")).toBe(code);
    expect(await rig.ask("a")).toBe("MODEL_NOT_FOUND");
    expect(await rig.load("a")).toBe(code);
    rig.behaviour.set("a", {});
    expect(await rig.load("a")).toBe("scaled");
    expect(rig.released).toEqual(["a", "a"]);
  });

  it("fails when one of several workers does, and ends the others", async () => {
    const rig = new HostRig();
    const loading = rig.register("a", { minWorkers: 2 });
    await rig.clock.settle();
    rig.behaviour.set("a", { load: "fails" });
    expect(rig.handlers.starts).toBe(2);
    expect(await rig.clock.until(loading)).toBe("scaled");
    rig.behaviour.set("b", { load: "fails" });
    expect(await rig.load("b", { minWorkers: 2 })).toBe("MODEL_LOAD_FAILED");
    expect([rig.handlers.of("b").length, rig.handlers.loading]).toEqual([0, 0]);
  });

  it("gives up after its time, with the process that hangs", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { load: "never" });
    expect(await rig.load("a")).toBe("MODEL_LOAD_FAILED");
    expect(rig.clock.now()).toBe(60_000);
    expect(rig.handlers.loading).toBe(0);
  });

  it("in the background answers at once, and forgets the model if it fails", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { load: "fails" });
    expect(await rig.register("a", { synchronous: false })).toBe("scaling");
    expect(rig.host.has("a")).toBe(true);
    await rig.clock.runOut();
    expect(rig.host.has("a")).toBe(false);
    expect(rig.logger.of("A model could not be loaded")).toHaveLength(1);
  });

  it("without workers registers it only", async () => {
    const rig = new HostRig();
    expect(await rig.load("a", { minWorkers: 0 })).toBe("registered");
    expect(await rig.ask("a")).toBe("MODEL_NOT_READY");
    expect(rig.host.health).toBe("healthy");
  });
});

describe("memory", () => {
  it("is measured without keeping others behind a load that hangs", async () => {
    const rig = new HostRig({ memoryBudgetBytes: 2500 });
    rig.behaviour.set("a", { load: "never" });
    rig.behaviour.set("b", { loadMs: 20_000 });
    const hangs = rig.register("a");
    const [slow, quick] = [rig.register("b"), rig.register("c")];
    expect(await rig.clock.until(quick)).toBe("scaled");
    expect(rig.clock.now()).toBeLessThan(11_000);
    expect(await rig.clock.until(slow)).toBe("scaled");
    // What the slow one holds is known, though the quick one came meanwhile.
    expect(await rig.load("d")).toBe("OUT_OF_MEMORY");
    expect(await rig.clock.until(rig.unload("b"))).toBe("unloaded");
    expect(await rig.load("d")).toBe("scaled");
    expect(await rig.clock.until(rig.unload("c"))).toBe("unloaded");
    expect(await rig.load("b")).toBe("scaled");
    expect(await rig.clock.until(hangs)).toBe("MODEL_LOAD_FAILED");
  });

  it("refuses what goes over the budget, and takes it when room was made", async () => {
    const rig = new HostRig({ memoryBudgetBytes: 2500 });
    expect(await rig.load("a")).toBe("scaled");
    expect(await rig.load("b")).toBe("scaled");
    expect(await rig.load("c")).toBe("OUT_OF_MEMORY");
    expect(rig.handlers.of("c")).toHaveLength(0);
    expect(await rig.clock.until(rig.unload("a"))).toBe("unloaded");
    expect(await rig.load("c")).toBe("scaled");
  });

  it("remembers what a model took, so that it is not started in vain again", async () => {
    const rig = new HostRig({ memoryBudgetBytes: 2500 });
    await rig.load("a");
    await rig.load("b");
    await rig.load("c");
    const starts = rig.handlers.starts;
    expect(await rig.load("c")).toBe("OUT_OF_MEMORY");
    expect(rig.handlers.starts).toBe(starts);
  });
});

describe("calls", () => {
  it("wait while the model is being loaded", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { loadMs: 3000 });
    const loading = rig.register("a");
    expect(await rig.ask("a", "early")).toBe("early");
    expect(await loading).toBe("scaled");
  });

  it("are refused when too many wait", async () => {
    const rig = new HostRig({ jobQueueSize: 2 });
    await rig.load("a");
    const calls = [rig.call("a"), rig.call("a"), rig.call("a"), rig.call("a")];
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(["x", "x", "x", "QUEUE_FULL"]);
  });

  it("that have left make room for others", async () => {
    const rig = new HostRig({ jobQueueSize: 1 });
    await rig.load("a");
    const running = rig.call("a", "1");
    const left = rig.call("a", "2");
    left.cancel();
    const stays = rig.call("a", "3");
    const ends = await rig.clock.until(Promise.all([running.outcome, left.outcome, stays.outcome]));
    expect(ends.map(endOf)).toEqual(["1", "CANCELLED", "3"]);
  });

  it("do not wait for ever behind one that takes long", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 5000 });
    await rig.load("a");
    const calls = [rig.call("a"), rig.call("a"), rig.call("a")];
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(["x", "x", "DEADLINE_EXCEEDED"]);
  });

  it("end with a worker that takes too long, and the next one finds a new worker", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: "never" });
    await rig.load("a");
    rig.behaviour.set("a", {});
    const startedAt = rig.clock.now();
    expect(await rig.ask("a")).toBe("WORKER_DIED");
    expect(rig.clock.now() - startedAt).toBe(6000);
    expect(await rig.ask("a", "again")).toBe("again");
    expect(rig.clock.now() - startedAt).toBe(6000 + 10 + 5);
  });

  it("end with a worker that dies; those that wait go to its successor", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { run: "crashes" });
    await rig.load("a");
    rig.behaviour.set("a", {});
    const calls = [rig.call("a", "1"), rig.call("a", "2")];
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(["WORKER_DIED", "2"]);
  });

  it("are not mixed up where the handler answers too much", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { run: "mixed-up" });
    await rig.load("a");
    expect(await rig.ask("a")).toBe("number of batch response mismatched");
  });
});

describe("a worker that dies again and again", () => {
  it("is started again ever more slowly, and at once after one that worked", async () => {
    const rig = new HostRig();
    await rig.load("a");
    const pauses: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      rig.handlers.of("a")[0]?.kill();
      await rig.clock.settle();
      const diedAt = rig.clock.now();
      while (rig.handlers.of("a").length === 0) await rig.clock.advance(1);
      pauses.push(rig.clock.now() - diedAt - 10);
    }
    expect(pauses).toEqual([0, 100, 200, 400]);
    expect(await rig.ask("a")).toBe("x");
    rig.handlers.of("a")[0]?.kill();
    await rig.clock.advance(10);
    expect(rig.handlers.of("a")).toHaveLength(1);
    expect(rig.logger.of("A worker ended").map(({ again_in_ms }) => again_in_ms)).toEqual([
      0, 100, 200, 400, 0,
    ]);
  });
});

describe("batches", () => {
  it("are full, or leave when their time is over", async () => {
    const rig = new HostRig();
    await rig.load("a", { batchSize: 3, maxBatchDelayMs: 500 });
    const startedAt = rig.clock.now();
    const calls = ["1", "2", "3", "4"].map((text) => rig.call("a", text));
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(["1", "2", "3", "4"]);
    expect(rig.handlers.of("a")[0]?.batches).toEqual([["1", "2", "3"], ["4"]]);
    expect(rig.clock.now() - startedAt).toBe(505);
  });

  it("of one are not waited for where a model takes one call at a time", async () => {
    const rig = new HostRig();
    await rig.load("a", { batchSize: 1, maxBatchDelayMs: 500 });
    const startedAt = rig.clock.now();
    await rig.ask("a");
    expect(rig.clock.now() - startedAt).toBe(5);
  });

  it("gather while the worker is busy, without any delay of their own", async () => {
    const rig = new HostRig();
    await rig.load("a", { batchSize: 8, maxBatchDelayMs: 0 });
    const calls = ["1", "2", "3", "4"].map((text) => rig.call("a", text));
    await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(rig.handlers.of("a")[0]?.batches).toEqual([["1"], ["2", "3", "4"]]);
  });
});

describe("unloading", () => {
  it("lets calls end, those that wait as well, and resolves when the process is gone", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 100 });
    await rig.load("a");
    const calls = [rig.call("a", "1"), rig.call("a", "2")];
    const unloading = rig.unload("a");
    expect(await rig.ask("a")).toBe("MODEL_NOT_FOUND");
    expect(await rig.clock.until(unloading)).toBe("unloaded");
    expect(rig.handlers.running.size).toBe(0);
    expect((await Promise.all(calls.map(({ outcome }) => outcome))).map(endOf)).toEqual(["1", "2"]);
    expect(rig.released).toEqual(["a"]);
  });

  it("does not wait for the delay of a batch", async () => {
    const rig = new HostRig();
    await rig.load("a", { batchSize: 4, maxBatchDelayMs: 5000 });
    const call = rig.call("a", "1");
    const startedAt = rig.clock.now();
    await rig.clock.until(rig.unload("a"));
    expect(endOf(await call.outcome)).toBe("1");
    expect(rig.clock.now() - startedAt).toBeLessThan(100);
  });

  it("ends what hangs after its time", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: "never" });
    await rig.load("a", { responseTimeoutMs: 1e6 });
    const call = rig.call("a");
    expect(await rig.clock.until(rig.unload("a"))).toBe("unloaded");
    expect(endOf(await call.outcome)).toBe("WORKER_DIED");
    expect(rig.clock.now()).toBe(120_010);
    expect(rig.handlers.running.size).toBe(0);
  });

  it("stops a load that is under way", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { loadMs: 30_000 });
    const loading = rig.register("a");
    await rig.clock.advance(5);
    const waiting = rig.call("a");
    expect(await rig.clock.until(rig.unload("a"))).toBe("unloaded");
    expect(await loading).toBe("MODEL_LOAD_FAILED");
    expect(endOf(await waiting.outcome)).toBe("MODEL_NOT_READY");
    expect([rig.handlers.loading, rig.clock.now()]).toEqual([0, 5]);
  });

  it("is waited for by a load of the same name, whose calls wait as well", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 1000 });
    await rig.load("a");
    const old = rig.call("a", "old");
    const unloading = rig.unload("a");
    rig.behaviour.set("a", {});
    const loading = rig.register("a");
    const fresh = rig.call("a", "fresh");
    expect(await rig.register("a")).toBe("ALREADY_EXISTS");
    expect(await rig.clock.until(loading)).toBe("scaled");
    expect([await unloading, endOf(await old.outcome)]).toEqual(["unloaded", "old"]);
    expect(endOf(await rig.clock.until(fresh.outcome))).toBe("fresh");
    expect(rig.handlers.running.size).toBe(1);
  });
});
