import { afterEach, describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Batch } from "../../core/scheduling/batch.ts";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { specOf } from "../../core/testing/specs.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import type { Frame } from "./frames.ts";
import type { PythonInstance } from "./python-instance.ts";
import { Peer } from "./testing/peer.ts";
import { Worker } from "./worker.ts";
import { WorkerSlot } from "./worker-slot.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const batch: Batch = {
  calls: 1,
  rows: 1,
  payload: { kind: "tensors", tensors: [] },
  outputs: null,
  parameters: null,
};

const loaded = {
  framework: { name: "fake", version: "1" },
  model_class: "fake.Model",
  inputs: null,
  outputs: ["predict"],
  default_output: "predict",
  row_wise: true,
  memory: { before_bytes: 0, after_bytes: 1000 },
  load_ms: 1,
};

/** A slot, and the other sides of its workers in the order they are started. */
function slotWithPeers(): {
  readonly slot: WorkerSlot;
  readonly clock: VirtualClock;
  readonly started: () => Promise<Peer>;
} {
  const clock = new VirtualClock();
  const peers: Peer[] = [];
  let news = Promise.withResolvers<undefined>();
  const slot = new WorkerSlot({
    number: 1,
    clock,
    logger: new RecordingLogger(),
    start: async (events) => {
      const [data, lifeline] = [await Peer.connected(), await Peer.connected()];
      ends.push(() => {
        data.end();
        lifeline.end();
      });
      const worker = new Worker({ data: data.connection, lifeline: lifeline.connection }, 1, events);
      peers.push(data);
      news.resolve(undefined);
      news = Promise.withResolvers();
      return worker;
    },
    onModules: () => undefined,
    onDeath: () => undefined,
  });
  ends.push(() => {
    slot.stop();
  });
  const started = async (): Promise<Peer> => {
    for (;;) {
      const peer = peers.shift();
      if (peer !== undefined) return peer;
      await news.promise;
    }
  };
  return { slot, clock, started };
}

async function load(slot: WorkerSlot, peer: Peer, name: string): Promise<PythonInstance> {
  const loading = slot.load(specOf(name));
  answerLoad(peer, await peer.next());
  return loading;
}

function answerLoad(peer: Peer, { id }: Frame): void {
  peer.send({ kind: "end", id, header: { result: loaded } });
}

describe("a worker that is replaced", () => {
  it("does not get back a model that was unloaded while others were put back", async () => {
    const { slot, clock, started } = slotWithPeers();
    void slot.ready();
    const first = await started();
    const instances = [await load(slot, first, "one"), await load(slot, first, "two")];
    first.end();
    await clock.advance(0);
    const second = await started();
    const restoring = await second.next();
    // Both wait for the worker: the one that it loads, and the one that it has not come to.
    const unloads = instances.map((instance) => slot.unload(instance));
    answerLoad(second, restoring);
    const unload = await second.next();
    expect(unload).toMatchObject({ kind: "unload", header: { model: instances[0]?.model } });
    second.send({ kind: "end", id: unload.id, header: { result: { private_bytes: 0 } } });
    await Promise.all(unloads);
    await slot.ready();
    expect(second.frames).toEqual([]);
  });

  it("says of a model that could not be put back why, and puts it back another time", async () => {
    const { slot, clock, started } = slotWithPeers();
    void slot.ready();
    const first = await started();
    const instance = await load(slot, first, "one");
    first.end();
    await clock.advance(0);
    const second = await started();
    const { id } = await second.next();
    const error = { code: "LOAD_FAILED", message: "model.joblib is gone" };
    expect(instance.isAvailable).toBe(false);
    second.send({ kind: "end", id, header: { error } });
    await expect.poll(() => instance.isAvailable).toBe(true);
    const outcome = await instance.run(batch);
    if (outcome.kind !== "failed") throw new Error(outcome.kind);
    expect(outcome.error).toMatchObject({ code: "MODEL_LOAD_FAILED" });
    expect(outcome.error.message).toContain("model.joblib is gone");
    second.end();
    await clock.advance(0);
    const third = await started();
    answerLoad(third, await third.next());
    await expect.poll(() => instance.isAvailable).toBe(true);
    const run = instance.run(batch);
    const call = await third.next();
    third.send({ kind: "chunk", id: call.id, isLast: true, header: { parts: [] } });
    expect(await run).toMatchObject({ kind: "done" });
  });
});

describe("a worker that dies", () => {
  it("while it loads a model has begun none of the calls behind that", async () => {
    const { slot, started } = slotWithPeers();
    void slot.ready();
    const peer = await started();
    const instance = await load(slot, peer, "one");
    const loading = slot.load(specOf("two")).catch((error: unknown) => ServingError.from(error));
    await peer.next();
    const run = instance.run(batch);
    await peer.next();
    peer.end();
    expect(await loading).toMatchObject({ code: "WORKER_DIED" });
    expect(await run).toEqual({ kind: "not-started" });
  });

  it("while it runs a call takes that call; a load behind it goes to the next worker", async () => {
    const { slot, clock, started } = slotWithPeers();
    void slot.ready();
    const peer = await started();
    const instance = await load(slot, peer, "one");
    const run = instance.run(batch);
    await peer.next();
    const loading = slot.load(specOf("two"));
    await peer.next();
    peer.end();
    expect(await run).toMatchObject({ kind: "crashed" });
    await clock.advance(0);
    const second = await started();
    answerLoad(second, await second.next());
    answerLoad(second, await second.next());
    expect((await loading).worker).toBe(slot.worker);
  });

  it("with an end that says nothing leaves no call and no command waiting", async () => {
    const { slot, started } = slotWithPeers();
    void slot.ready();
    const peer = await started();
    const instance = await load(slot, peer, "one");
    const run = instance.run(batch);
    peer.send({ kind: "end", id: (await peer.next()).id, header: { error: "no object" } });
    expect(await run).toMatchObject({ kind: "crashed" });
  });

  it("with an answer to a load that says nothing fails the load", async () => {
    const { slot, started } = slotWithPeers();
    void slot.ready();
    const peer = await started();
    const loading = slot.load(specOf("one")).catch((error: unknown) => ServingError.from(error));
    peer.send({ kind: "end", id: (await peer.next()).id, header: { error: "no object" } });
    expect(await loading).toMatchObject({ code: "WORKER_DIED" });
  });
});
