import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { FakeInstance } from "../testing/fake-runtime.ts";
import { FakeWorker } from "../testing/fake-worker.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { callOf, echo, endingOf, type Ending } from "../testing/queue-rig.ts";
import { descriptionOf, specOf } from "../testing/specs.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { ModelQueue } from "../scheduling/model-queue.ts";
import { lifecycle, type LifecycleEvent, type LifecycleState } from "./lifecycle.ts";
import { ModelVersion } from "./model-version.ts";

const clock = new VirtualClock();

function instanceOf(memoryBytes: number): FakeInstance {
  return new FakeInstance({
    worker: new FakeWorker({ clock }),
    description: descriptionOf({ memoryBytes }),
    run: (batch) => ({ computeMs: 5, finish: () => echo([], batch) }),
    unload: () => new Promise((resolve) => clock.schedule(2, resolve)),
  });
}

function newVersion(): ModelVersion {
  const queue = new ModelQueue({ clock, label: "m", queueLimit: 100, onBatch: () => undefined });
  return new ModelVersion(specOf("m"), queue);
}

/** What the rules say of a version, in the plainest words. */
interface Model {
  state: LifecycleState;
  memoryBytes: number | null;
  failure: ServingError | null;
  readonly calls: { ending: Ending }[];
}

type Real = ModelVersion;

/** Sends an event; what the table forbids has to throw and change nothing. */
class Send implements fc.AsyncCommand<Model, Real> {
  readonly #event: LifecycleEvent;
  readonly #memoryBytes: number;

  constructor(event: LifecycleEvent, memoryBytes: number) {
    this.#event = event;
    this.#memoryBytes = memoryBytes;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const next = lifecycle[model.state][this.#event];
    if (next === null) {
      await expect(this.#send(real)).rejects.toMatchObject({ code: "INTERNAL" });
    } else {
      await clock.until(this.#send(real));
      this.#expect(model, next);
    }
    await clock.runOut();
    checkVersion(model, real);
  }

  toString(): string {
    return this.#event;
  }

  /** Draining goes on by itself when the queue is empty, and unloading when the instance says so. */
  #expect(model: Model, next: LifecycleState): void {
    model.state = next === "draining" ? "unloading" : next;
    if (this.#event === "load") model.failure = null;
    if (this.#event === "loaded") model.memoryBytes = this.#memoryBytes;
    if (this.#event === "load-failed") model.failure = failure;
  }

  async #send(real: Real): Promise<void> {
    await Promise.resolve();
    switch (this.#event) {
      case "load":
        real.beginLoad();
        return;
      case "loaded":
        real.finishLoad(instanceOf(this.#memoryBytes));
        return;
      case "load-failed":
        real.failLoad(failure, clock.now());
        return;
      case "drain":
      case "drained":
        await real.drain();
        return;
      case "unloaded":
        await real.unload();
    }
  }
}

const failure = new ServingError("MODEL_LOAD_FAILED", "No.");

/** Hands a call in: it is answered while there is an instance, fails with the load, and waits otherwise. */
class Call implements fc.AsyncCommand<Model, Real> {
  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    model.calls.push(endingOf(real.queue.submit(callOf(7))));
    await clock.runOut();
    checkVersion(model, real);
  }

  toString(): string {
    return "call";
  }
}

function checkVersion(model: Model, real: Real): void {
  const hasInstance = ["ready", "draining", "unloading"].includes(model.state);
  expect(real.state).toBe(model.state);
  expect(real.instance !== null).toBe(hasInstance);
  expect(real.failure).toBe(model.failure);
  expect(real.memoryBytes).toBe(model.memoryBytes);
  expect(real.description?.memoryBytes ?? null).toBe(model.memoryBytes);
  const waiting = model.calls.filter(({ ending }) => ending === "waiting").length;
  expect(real.queue.waiting).toBe(waiting);
  if (hasInstance || model.state === "failed") expect(hasInstance ? waiting : 0).toBe(0);
}

describe("a model version", () => {
  it("lives by the table, whatever is sent to it", patience, async () => {
    const events = fc.constantFrom<LifecycleEvent>("load", "loaded", "load-failed", "drain", "unloaded");
    const command = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(events, fc.nat({ max: 1000 })).map(([event, bytes]) => new Send(event, bytes)),
      },
      { weight: 1, arbitrary: fc.constant(0).map(() => new Call()) },
    );
    await fc.assert(
      fc.asyncProperty(fc.commands([command], { maxCommands: 30 }), async (commands) => {
        const setup = () => ({
          model: { state: "registered", memoryBytes: null, failure: null, calls: [] } satisfies Model,
          real: newVersion(),
        });
        await fc.asyncModelRun(setup, commands);
      }),
      runs(80),
    );
  });

  it("finishes what it has before it is taken out of memory", async () => {
    const version = newVersion();
    version.beginLoad();
    version.finishLoad(instanceOf(1));
    const call = endingOf(version.queue.submit(callOf(7)));
    const drained = version.drain();
    expect(version.state).toBe("draining");
    await clock.until(drained);
    expect([version.state, call.ending]).toEqual(["unloading", 7]);
    await clock.until(version.unload());
    expect([version.state, version.instance]).toEqual(["registered", null]);
  });

  it("fails all that wait when its load fails, with the reason", async () => {
    const version = newVersion();
    const calls = [1, 2].map((number) => endingOf(version.queue.submit(callOf(number))));
    version.beginLoad();
    version.failLoad(failure, 5);
    await clock.settle();
    expect(calls.map(({ ending }) => ending)).toEqual(["MODEL_LOAD_FAILED", "MODEL_LOAD_FAILED"]);
    expect([version.state, version.failedAt, version.failure]).toEqual(["failed", 5, failure]);
  });

  it.each([
    [{ rowWise: true }, { maxCalls: 0, maxWaitMs: 0 }, [2]],
    [{ rowWise: true }, { maxCalls: 1, maxWaitMs: 0 }, [2]],
    [{ rowWise: false }, { maxCalls: 0, maxWaitMs: 0 }, [1, 1]],
    [{ rowWise: false }, { maxCalls: 4, maxWaitMs: 0 }, [1, 1]],
    [{ rowWise: false }, { maxCalls: 4, maxWaitMs: 3 }, [2]],
  ])("batches a model %j with the settings %j as %j", async (description, batching, sizes) => {
    const seen: number[] = [];
    const queue = new ModelQueue({
      clock,
      label: "m",
      queueLimit: 100,
      onBatch: (calls) => seen.push(calls),
    });
    const version = new ModelVersion(specOf("m", { batching }), queue);
    version.beginLoad();
    const worker = new FakeWorker({ clock });
    const instance = new FakeInstance({
      worker,
      description: descriptionOf(description),
      run: (batch) => ({ computeMs: 1, finish: () => echo([], batch) }),
      unload: () => Promise.resolve(),
    });
    version.finishLoad(instance);
    for (const number of [1, 2]) endingOf(queue.submit(callOf(number)));
    await clock.runOut();
    expect(seen).toEqual(sizes);
  });
});
