import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { computeMs, EngineRig, type EngineRigOptions } from "../testing/engine-rig.ts";
import { callOf } from "../testing/queue-rig.ts";
import { modelBytes } from "../testing/residency-rig.ts";

const broken = new ServingError("MODEL_LOAD_FAILED", "The file is broken.");

async function started(labels: readonly string[], options: EngineRigOptions = {}): Promise<EngineRig> {
  const rig = new EngineRig(options);
  await rig.start(...labels);
  return rig;
}

describe("start", () => {
  it("registers what there is, loads it, and is ready when all have been tried", async () => {
    const rig = new EngineRig({ about: ({ name }) => ({ loadFailure: name === "b" ? broken : null }) });
    rig.onDisk(1, "a@1", "a@2", "b");
    rig.source.problems = [{ name: "c", where: "c/model-settings.json", reason: "not JSON" }];
    rig.source.notices = ["a note"];
    expect(await rig.engine.discover()).toEqual({ problems: rig.source.problems, notices: ["a note"] });
    expect([rig.engine.isReady, rig.states]).toEqual([
      false,
      ["a@1: registered", "a@2: registered", "b: registered"],
    ]);
    const loading = rig.engine.loadAll();
    await rig.clock.advance(5);
    expect(rig.engine.isReady).toBe(false);
    await rig.clock.until(loading);
    expect([rig.engine.isReady, rig.states]).toEqual([true, ["a@1: ready", "a@2: ready", "b: failed"]]);
    expect(rig.engine.problems).toEqual(rig.source.problems);
  });

  it("may register nothing: models then come by name", async () => {
    const rig = new EngineRig();
    rig.onDisk(1, "a");
    await rig.engine.discover({ register: false });
    rig.engine.markStarted();
    expect(rig.call("a").by).toBe("MODEL_NOT_FOUND");
    await rig.clock.until(rig.engine.load("a"));
    const answer = rig.call("a");
    await rig.clock.runOut();
    expect(answer.by).toBe("a #1");
  });

  it("loads on first use when it is lazy, once for all that ask", async () => {
    const rig = new EngineRig();
    rig.onDisk(1, "a");
    await rig.engine.discover();
    rig.engine.markStarted();
    const answers = [rig.call("a"), rig.call("a")];
    await rig.clock.runOut();
    expect(answers.map(({ by }) => by)).toEqual(["a #1", "a #1"]);
    expect(rig.residency.runtime.loads).toEqual(["a"]);
  });

  it("leaves for later what does not fit, and brings it in for its first call", async () => {
    const rig = await started(["a", "b", "c"], { budgetBytes: 2 * modelBytes });
    expect(rig.states).toEqual(["a: ready", "b: ready", "c: failed"]);
    expect(rig.engine.isServable(rig.engine.resolve("c", null))).toBe(true);
    const answer = rig.call("c");
    await rig.clock.runOut();
    expect([answer.by, rig.residency.resident]).toEqual(["c #1", "b c"]);
  });
});

describe("a call", () => {
  it("goes to the version that it names, and to the newest when it names none", async () => {
    const rig = await started(["a@v9", "a@v10"]);
    const answers = [
      rig.call("a", "v9"),
      rig.call("a"),
      rig.call("a", ""),
      rig.call("a", "v8"),
      rig.call("b"),
    ];
    await rig.clock.runOut();
    const missing = "MODEL_NOT_FOUND";
    expect(answers.map(({ by }) => by)).toEqual(["a@v9 #1", "a@v10 #1", "a@v10 #1", missing, missing]);
  });

  it("is compared with what the model takes before it costs a worker anything", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 4] }] as const;
    const rig = await started(["a"], { about: () => ({ description: { inputs } }) });
    const model = rig.engine.resolve("a", null);
    expect(() => rig.engine.infer(model, callOf(1))).toThrow("inputs[0].shape: expected [-1,4], got [1]");
    expect(model.queue.isIdle).toBe(true);
  });

  it("is left to the model where its inputs are the columns of a data frame", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 4] }] as const;
    const rig = await started(["a"], { about: () => ({ description: { inputs } }) });
    const call = { ...callOf(1), parameters: { content_type: "pd" } };
    const { reply } = rig.engine.infer(rig.engine.resolve("a", null), call);
    await rig.clock.advance(10);
    await expect(reply).resolves.toBeDefined();
  });

  it("is refused while the server stops", async () => {
    const rig = await started(["a"]);
    const [before, drained] = [rig.call("a"), rig.engine.drain()];
    expect(rig.call("a").by).toBe("SHUTTING_DOWN");
    expect(rig.engine.isReady).toBe(false);
    await rig.clock.until(drained);
    expect(before.by).toBe("a #1");
  });
});

describe("a reload", () => {
  it("leaves no gap: the old one answers until the new one is there, and finishes what it has", async () => {
    const rig = await started(["a"]);
    const old = rig.engine.resolve("a", null);
    rig.onDisk(2, "a");
    const before = rig.call("a");
    const reload = rig.engine.load("a");
    await rig.clock.advance(5);
    const during = rig.call("a");
    expect(old.state).toBe("ready");
    await rig.clock.advance(5);
    const after = rig.call("a");
    expect([old.state, rig.states]).toEqual(["draining", ["a: ready"]]);
    await rig.clock.until(reload);
    await rig.clock.runOut();
    expect([before.by, during.by, after.by]).toEqual(["a #1", "a #1", "a #2"]);
    expect([old.state, rig.residency.runtime.instances.size]).toEqual(["registered", 1]);
  });

  it("loses no call of a steady stream", async () => {
    const rig = await started(["a"]);
    const answers = [];
    const reloads = [];
    for (let tick = 0; tick < 200; tick += 1) {
      answers.push(rig.call("a"));
      if (tick % 40 === 20) {
        rig.onDisk(2 + tick, "a");
        reloads.push(rig.engine.load("a"));
      }
      await rig.clock.advance(1);
    }
    await rig.clock.runOut();
    await Promise.all(reloads);
    expect(answers.filter(({ by }) => by?.startsWith("a #") !== true)).toEqual([]);
    expect(new Set(answers.map(({ by }) => by)).size).toBe(reloads.length + 1);
    expect(rig.residency.runtime.instances.size).toBe(1);
  });

  it("that fails leaves the old one serving", async () => {
    const rig = await started(["a"], {
      about: ({ extra }) => ({ loadFailure: extra["generation"] === 2 ? broken : null }),
    });
    rig.onDisk(2, "a");
    await expect(rig.clock.until(rig.engine.load("a"))).rejects.toBe(broken);
    const answer = rig.call("a");
    await rig.clock.runOut();
    expect([answer.by, rig.states]).toEqual(["a #1", ["a: ready"]]);
  });

  it("takes in new versions and takes out those that are gone, after what they have", async () => {
    const rig = await started(["a@1", "a@2"]);
    rig.onDisk(2, "a@2", "a@3");
    const last = rig.call("a", "1");
    await rig.clock.until(rig.engine.load("a"));
    await rig.clock.runOut();
    expect([last.by, rig.states]).toEqual(["a@1 #1", ["a@2: ready", "a@3: ready"]]);
    expect(rig.call("a", "1").by).toBe("MODEL_NOT_FOUND");
    expect(rig.residency.runtime.instances.size).toBe(2);
  });

  it("costs what the one model costs, whatever else is there", async () => {
    const rig = await started(Array.from({ length: 50 }, (_, index) => `m${String(index)}`));
    const loads = rig.residency.runtime.loads.length;
    await rig.clock.until(rig.engine.load("m7"));
    expect(rig.residency.runtime.loads.slice(loads)).toEqual(["m7"]);
    expect(rig.source.lookups).toEqual(["m7"]);
  });
});

describe("a load", () => {
  it("of something that is not there is not found, and of something broken says where", async () => {
    const rig = await started(["a"]);
    await expect(rig.clock.until(rig.engine.load("b"))).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    rig.source.problems = [
      { name: "a", where: "a/model-settings.json:3:1", reason: "not JSON", hint: "Mend it." },
    ];
    await expect(rig.clock.until(rig.engine.load("a"))).rejects.toMatchObject({
      code: "INVALID_SETTINGS",
      details: { model: "a", where: "a/model-settings.json:3:1", hint: "Mend it." },
    });
    expect([rig.states, rig.engine.problems]).toEqual([["a: ready"], rig.source.problems]);
    rig.source.problems = [];
    await rig.clock.until(rig.engine.load("a"));
    expect(rig.engine.problems).toEqual([]);
  });
});

describe("an unload", () => {
  it("takes every version out after its calls, and is not found afterwards", async () => {
    const rig = await started(["a@1", "a@2"]);
    const answers = [rig.call("a", "1"), rig.call("a", "2")];
    const unload = rig.engine.unload("a");
    await rig.clock.settle();
    expect(rig.call("a").by).toBe("MODEL_NOT_FOUND");
    await rig.clock.until(unload);
    expect(answers.map(({ by }) => by)).toEqual(["a@1 #1", "a@2 #1"]);
    expect([rig.states, rig.residency.runtime.instances.size]).toEqual([[], 0]);
    await expect(rig.engine.unload("a")).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: "Model a not found",
    });
    await rig.clock.until(rig.engine.load("a"));
    const again = rig.call("a");
    await rig.clock.runOut();
    expect(again.by).toBe("a@2 #1");
  });

  it("of a model that is just being loaded waits for that, and answers its calls", async () => {
    const rig = new EngineRig();
    rig.onDisk(1, "a");
    await rig.engine.discover();
    const answer = rig.call("a");
    await rig.clock.until(rig.engine.unload("a"));
    expect([answer.by, rig.states, rig.residency.runtime.instances.size]).toEqual(["a #1", [], 0]);
  });

  it("and loads of one name follow one another, those of others do not wait", async () => {
    const rig = await started(["a", "b"]);
    const log: string[] = [];
    const told = async (what: string, change: Promise<void>): Promise<void> => {
      const outcome = await change.then(
        () => "done",
        (error: unknown) => ServingError.from(error).code,
      );
      log.push(`${what}: ${outcome}`);
    };
    const changes = [
      told("unload a", rig.engine.unload("a")),
      told("unload a again", rig.engine.unload("a")),
      told("load a", rig.engine.load("a")),
      told("load a again", rig.engine.load("a")),
      told("unload b", rig.engine.unload("b")),
    ];
    await rig.clock.until(Promise.all(changes));
    expect(log.filter((line) => line.includes(" a"))).toEqual([
      "unload a: done",
      "unload a again: MODEL_NOT_FOUND",
      "load a: done",
      "load a again: done",
    ]);
    expect(log.indexOf("unload b: done")).toBeLessThan(log.indexOf("load a: done"));
    expect(rig.states).toEqual(["a: ready"]);
  });
});

describe("the end", () => {
  it("waits for the calls of a version that has just been replaced, too", async () => {
    const rig = await started(["a"]);
    rig.onDisk(2, "a");
    const reload = rig.engine.load("a");
    await rig.clock.advance(9);
    const startedAt = rig.clock.now();
    const late = rig.call("a");
    await rig.clock.advance(2);
    expect(rig.engine.resolve("a", null).spec.extra).toEqual({ generation: 2 });
    await rig.clock.until(rig.engine.drain());
    expect(late).toEqual({ by: "a #1", at: startedAt + computeMs });
    await rig.clock.until(reload);
  });

  it("gives up on what still waits when it is told to", async () => {
    const rig = new EngineRig();
    rig.onDisk(1, "a");
    await rig.engine.discover();
    const waiting = rig.call("a");
    const drained = rig.engine.drain();
    rig.engine.abandonCalls();
    await rig.clock.until(drained);
    expect(waiting.by).toBe("SHUTTING_DOWN");
  });
});

describe("the index", () => {
  it("compares what is served with what the source has, in one reading for all that ask together", async () => {
    const rig = await started(["a"]);
    rig.onDisk(1, "a", "b@1");
    rig.source.problems = [{ name: "c", where: "c", reason: "broken" }];
    const [one, two] = await Promise.all([rig.engine.index(), rig.engine.index()]);
    expect(one.registered.map(({ label }) => label)).toEqual(["a"]);
    expect(one.unregistered.map(({ name, version }) => [name, version])).toEqual([["b", "1"]]);
    expect([one.problems, two.problems]).toEqual([rig.source.problems, rig.source.problems]);
    rig.source.problems = [];
    expect((await rig.engine.index()).problems).toEqual([]);
  });
});
