import { describe, expect, it } from "vitest";
import { endOf, HostRig } from "../testing/host-rig.ts";

function scale(
  rig: HostRig,
  minWorkers: number,
  maxWorkers = minWorkers,
  synchronous = true,
): Promise<string> {
  return rig.host.scale("a", { minWorkers, maxWorkers, synchronous });
}

describe("scaling", () => {
  it("adds workers, and answers when they are ready", async () => {
    const rig = new HostRig();
    await rig.load("a");
    expect(await rig.clock.until(scale(rig, 3))).toBe("scaled");
    expect(rig.handlers.of("a")).toHaveLength(3);
    expect(await scale(rig, 5, 5, false)).toBe("scaling");
    expect(rig.handlers.of("a")).toHaveLength(3);
    await rig.clock.advance(10);
    expect(rig.handlers.of("a")).toHaveLength(5);
  });

  it("takes idle workers away first, and lets busy ones end what they run", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 1000 });
    await rig.load("a", { minWorkers: 3 });
    const calls = [rig.call("a", "1"), rig.call("a", "2")];
    expect(await scale(rig, 2, 2, false)).toBe("scaling");
    await rig.clock.advance(2);
    expect(rig.handlers.of("a").map(({ batches }) => batches.length)).toEqual([1, 1]);
    expect(await rig.clock.until(scale(rig, 1))).toBe("scaled");
    expect(rig.clock.now()).toBe(1010 + 1);
    const ends = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(ends.map(endOf)).toEqual(["1", "2"]);
    expect(rig.handlers.of("a")).toHaveLength(1);
  });

  it("moves into the range, and no further", async () => {
    const rig = new HostRig();
    await rig.load("a", { minWorkers: 2 });
    await rig.clock.until(scale(rig, 1, 4));
    expect(rig.handlers.of("a")).toHaveLength(2);
    await expect(scale(rig, 3, 2)).rejects.toThrow("max_worker cannot be less than min_worker.");
  });

  it("to none ends every process and refuses what waits", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 100 });
    await rig.load("a");
    const calls = [rig.call("a", "1"), rig.call("a", "2")];
    expect(await rig.clock.until(scale(rig, 0))).toBe("scaled");
    expect(rig.handlers.running.size).toBe(0);
    const ends = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(ends.map(endOf)).toEqual(["1", "MODEL_NOT_READY"]);
  });

  it("says so where workers cannot be started, and goes on trying", async () => {
    const rig = new HostRig();
    await rig.load("a");
    rig.behaviour.set("a", { load: "fails" });
    await expect(rig.clock.until(scale(rig, 2))).rejects.toMatchObject({ code: "MODEL_LOAD_FAILED" });
    expect(rig.host.health).toBe("partial");
    rig.behaviour.set("a", {});
    await rig.clock.advance(1000);
    expect([rig.handlers.of("a").length, rig.host.health]).toEqual([2, "healthy"]);
  });

  it("waits for workers that somebody asked for before", async () => {
    const rig = new HostRig();
    await rig.load("a");
    rig.behaviour.set("a", { loadMs: 100 });
    const earlier = rig.host.scale("a", { minWorkers: 3, maxWorkers: 3, synchronous: false });
    expect(await rig.clock.until(earlier)).toBe("scaling");
    expect(await rig.clock.until(scale(rig, 3))).toBe("scaled");
    expect(rig.handlers.of("a")).toHaveLength(3);
  });

  it("of a model that is being loaded comes after it", async () => {
    const rig = new HostRig();
    const loading = rig.register("a", { minWorkers: 2 });
    const scaling = scale(rig, 1);
    expect(await rig.clock.until(loading)).toBe("scaled");
    expect(await rig.clock.until(scaling)).toBe("scaled");
    expect(rig.handlers.of("a")).toHaveLength(1);
  });
});

describe("health", () => {
  it("counts each model's own workers, and none that loads for the first time", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { loadMs: 100 });
    const loading = rig.register("a");
    await rig.clock.settle();
    expect(rig.host.health).toBe("healthy");
    await rig.clock.until(loading);
    await rig.load("b", { minWorkers: 3 });
    rig.handlers.of("a")[0]?.kill();
    await rig.clock.settle();
    expect(rig.host.health).toBe("partial");
    await rig.clock.until(rig.unload("b"));
    expect(rig.host.health).toBe("unhealthy");
    await rig.clock.advance(100);
    expect(rig.host.health).toBe("healthy");
  });

  it("counts models of the start from the start", async () => {
    const rig = new HostRig();
    const loading = rig.register("a", { loadedAtStartup: true });
    await rig.clock.settle();
    expect([rig.host.health, rig.host.onlyStartupName]).toEqual(["unhealthy", "a"]);
    await rig.clock.until(loading);
    expect(rig.host.health).toBe("healthy");
  });
});

describe("a worker that can hold batches", () => {
  it("gets more of them while they are short, and loses none that it had not begun", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 0.5, window: 8 });
    await rig.load("a");
    await rig.ask("a");
    const calls = Array.from({ length: 12 }, (_, index) => rig.call("a", String(index)));
    await rig.clock.advance(1.2);
    const [worker] = rig.handlers.of("a");
    // One more had run before; two have run; the third is under way.
    expect(worker?.batches).toHaveLength(4);
    worker?.kill();
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(calls.map((_, index) => (index === 2 ? "WORKER_DIED" : String(index))));
    expect(rig.handlers.of("a")[0]?.batches[0]).toEqual(["5"]);
  });

  it("is told from one that takes long: what waits in it does not run yet", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 0.5, window: 8 });
    await rig.load("a");
    await rig.ask("a");
    const calls = Array.from({ length: 8 }, () => rig.call("a"));
    await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(rig.runs).toEqual(Array.from({ length: 9 }, () => 0.5));
  });

  it("gives back what it held also where no worker is left to take it", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 0.5, window: 8 });
    await rig.load("a");
    await rig.ask("a");
    const calls = ["1", "2"].map((text) => rig.call("a", text));
    expect(await scale(rig, 0, 0, false)).toBe("scaling");
    rig.handlers.of("a")[0]?.kill();
    await rig.clock.settle();
    const ends = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(ends.map(endOf)).toEqual(["WORKER_DIED", "MODEL_NOT_READY"]);
  });

  it("gets one at a time where they are long, so that a second worker has its share", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 50, window: 8 });
    await rig.load("a", { minWorkers: 2 });
    const calls = ["1", "2", "3", "4"].map((text) => rig.call("a", text));
    await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(rig.handlers.of("a").map(({ batches }) => batches.length)).toEqual([2, 2]);
  });
});

describe("a batch that nobody waits for any more", () => {
  const slow = { responseTimeoutMs: 3_600_000 };

  it("is ended after a while when others wait for its worker, which is replaced", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: "never" });
    await rig.load("a", slow);
    const left = rig.call("a", "1");
    await rig.clock.advance(100);
    left.cancel();
    rig.behaviour.set("a", {});
    const waits = rig.call("a", "2");
    await rig.clock.advance(9_990);
    expect(rig.handlers.starts).toBe(1);
    expect(endOf(await rig.clock.until(waits.outcome))).toBe("2");
    expect([endOf(await left.outcome), rig.handlers.starts]).toEqual(["CANCELLED", 2]);
    expect(rig.clock.now()).toBeLessThan(11_000);
  });

  it("goes on as long as nobody needs its worker", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 25_000 });
    await rig.load("a", slow);
    const left = rig.call("a", "1");
    await rig.clock.advance(100);
    left.cancel();
    await rig.clock.advance(24_000);
    const next = rig.call("a", "2");
    expect(endOf(await rig.clock.until(next.outcome))).toBe("2");
    expect([rig.handlers.starts, rig.runs]).toEqual([1, [25_000, 25_000]]);
  });

  it("is also one whose answer goes on and has no reader left", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { run: "streams" });
    await rig.load("a");
    const streams = rig.call("a", "1");
    expect(endOf(await rig.clock.until(streams.outcome))).toBe("1");
    rig.behaviour.set("a", {});
    const early = rig.call("a", "2");
    expect(endOf(await rig.clock.until(early.outcome))).toBe("DEADLINE_EXCEEDED");
    expect(rig.handlers.starts).toBe(1);
    streams.cancel();
    await rig.clock.advance(9_000);
    expect(await rig.ask("a", "3")).toBe("3");
    expect(rig.handlers.starts).toBe(2);
  });

  it("stays where one of its callers still waits", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 30_000 });
    await rig.load("a", { ...slow, batchSize: 2 });
    const calls = ["1", "2", "3"].map((text) => rig.call("a", text));
    calls[0]?.cancel();
    const ends = await rig.clock.until(Promise.all(calls.map(({ outcome }) => outcome)));
    expect(ends.map(endOf)).toEqual(["CANCELLED", "2", "3"]);
    expect(rig.handlers.starts).toBe(1);
  });
});

describe("versions", () => {
  it("live beside each other, one of them the default", async () => {
    const rig = new HostRig({ hasVersions: true });
    const loadVersion = (version: string): Promise<string> => rig.clock.until(rig.register("a", {}, version));
    expect([await loadVersion("1"), await loadVersion("2"), await loadVersion("2")]).toEqual([
      ...["scaled", "scaled", "ALREADY_EXISTS"],
    ]);
    expect(rig.host.list({ limit: 10, token: 0 }).models).toEqual([
      { name: "a", version: "1", url: "/models/a", isDefault: true },
    ]);
    await expect(rig.host.unregister("a")).rejects.toThrow("Cannot remove default version for model a");
    rig.host.setDefault("a", "2");
    await rig.clock.until(rig.host.unregister("a", "1"));
    expect(await rig.ask("a", "x", "1")).toBe("MODEL_NOT_FOUND");
    expect(await rig.ask("a", "x")).toBe("x");
  });
});

describe("stopping", () => {
  it("lets calls end for its time, and leaves nothing", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 100 });
    rig.behaviour.set("b", { runMs: "never" });
    await rig.load("a");
    await rig.load("b", { responseTimeoutMs: 1e6 });
    const calls = [rig.call("a"), rig.call("b")];
    const stopping = rig.host.stop(500);
    expect(await rig.ask("a")).toBe("SHUTTING_DOWN");
    expect(await rig.register("c")).toBe("SHUTTING_DOWN");
    await rig.clock.until(stopping);
    const ends = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(ends.map(endOf)).toEqual(["x", "WORKER_DIED"]);
    await rig.clock.runOut();
    expect([rig.handlers.running.size, rig.released]).toEqual([0, ["c", "a", "b"]]);
  });

  it("gives models that are being unloaded no more time than the others", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: "never" });
    await rig.load("a", { responseTimeoutMs: 1e6 });
    const call = rig.call("a");
    const unloading = rig.unload("a");
    await rig.clock.settle();
    await rig.clock.until(rig.host.stop(500));
    expect([endOf(await call.outcome), await unloading]).toEqual(["WORKER_DIED", "unloaded"]);
    expect([rig.clock.now(), rig.clock.pending]).toEqual([510, 0]);
  });

  it("ends workers that were too many, and still ran something", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: "never" });
    await rig.load("a", { responseTimeoutMs: 1e6 });
    const call = rig.call("a");
    await scale(rig, 0, 0, false);
    await rig.clock.settle();
    await rig.clock.until(rig.host.stop(500));
    expect(endOf(await call.outcome)).toBe("WORKER_DIED");
    expect([rig.clock.now(), rig.handlers.running.size]).toEqual([510, 0]);
  });

  it("lets workers that were too many end what they run, where there is time", async () => {
    const rig = new HostRig();
    rig.behaviour.set("a", { runMs: 100 });
    await rig.load("a");
    const call = rig.call("a", "1");
    await scale(rig, 0, 0, false);
    await rig.clock.settle();
    await rig.clock.until(rig.host.stop(500));
    expect(endOf(await call.outcome)).toBe("1");
    expect(rig.clock.now()).toBe(111);
  });

  it("starts no worker for somebody who asked for more just before", async () => {
    const rig = new HostRig();
    await rig.load("a");
    const scaling = scale(rig, 3).catch((error: unknown) => error);
    await rig.clock.until(rig.host.stop());
    expect(await scaling).toMatchObject({ code: "MODEL_NOT_FOUND" });
    await rig.clock.runOut();
    expect(rig.handlers.running.size).toBe(0);
  });
});
