import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerOutcome, HandlerProcess, HandlerRequest } from "../ports/handler-launcher.ts";
import type { PayloadCodec } from "../ports/payload-codec.ts";
import { FakeRuntime, type FakeModel } from "../testing/fake-runtime.ts";
import { RecordingMeter } from "../testing/recorders.ts";
import { specOf } from "../testing/specs.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { Tensor } from "../tensors/tensor.ts";
import { BuiltInModels, builtInOptions } from "./built-in.ts";
import { whole } from "../testing/whole-body.ts";

/** Bodies are bytes, one a row; `?` cannot be read. */
const codec: PayloadCodec = {
  open: ({ bytes, contentType, accept }) => {
    if (contentType === "?") throw new ServingError("UNSUPPORTED_MEDIA_TYPE", "What is that?");
    const tensor: Tensor = {
      name: "x",
      datatype: "UINT8",
      shape: [bytes.length, 1],
      data: { encoding: "binary", bytes },
    };
    return {
      call: { payload: { kind: "tensors", tensors: [tensor] }, outputs: null, parameters: null, priority: 0 },
      timeoutMs: accept === "soon" ? 1 : null,
      write: ({ outputs: [output] }) => ({
        contentType: "text/test",
        body: output?.data.encoding === "binary" ? output.data.bytes : new Uint8Array(0),
      }),
    };
  },
  refuse: ({ code }) => ({ status: 400, contentType: "text/error", body: new TextEncoder().encode(code) }),
};

function rig(about: Partial<FakeModel> = {}) {
  const clock = new VirtualClock();
  const runtime = new FakeRuntime({ clock, about: () => about });
  const meter = new RecordingMeter();
  const models = new BuiltInModels({ clock, meter, runtime, codec, queueLimit: 10, epochMs: () => 42 });
  const start = (): Promise<HandlerProcess> => clock.until(models.start(specOf("iris")));
  return { clock, runtime, meter, start };
}

function request(bytes: readonly number[], headers: readonly string[] = []): HandlerRequest {
  const body = { name: "body", contentType: "", bytes: Uint8Array.from(bytes) };
  return { id: "1", headers, inputs: [{ name: "q", contentType: "", bytes: Uint8Array.of(9) }, body] };
}

/** Status and body of each answer. */
function said(outcome: HandlerOutcome): unknown {
  if (outcome.kind !== "answered") return outcome;
  return outcome.items.map(({ status, contentType, body }) => [
    status,
    contentType === "text/error" ? new TextDecoder().decode(whole(body)) : [...whole(body)],
  ]);
}

describe("a model of our own runtime, hosted", () => {
  it("answers a body with a body, and each request of a batch with its own", async () => {
    const { clock, start } = rig();
    const model = await start();
    expect(model).toMatchObject({ startedAt: 42 });
    const batch = [request([1, 2]), request([3])];
    expect(said(await clock.until(model.run(batch)))).toEqual([
      [200, [1, 2]],
      [200, [3]],
    ]);
  });

  it("runs together what is there together, whichever batch it came in", async () => {
    const { clock, meter, start } = rig();
    const model = await start();
    await clock.until(Promise.all([1, 2, 3, 4].map((byte) => model.run([request([byte])]))));
    expect(meter.batches.map(({ measurement: { calls } }) => calls)).toEqual([4]);
  });

  it("refuses only the request that cannot be read, and answers the rest of its batch", async () => {
    const { clock, start } = rig();
    const model = await start();
    const batch = [request([1], ["Content-Type", "?"]), request([2])];
    expect(said(await clock.until(model.run(batch)))).toEqual([
      [400, "UNSUPPORTED_MEDIA_TYPE"],
      [200, [2]],
    ]);
  });

  it("compares the body with what the model takes", async () => {
    const description = { inputs: [{ name: "x", datatype: "UINT8", shape: [-1, 2] }] } as const;
    const { clock, start } = rig({ description });
    const model = await start();
    expect(said(await clock.until(model.run([request([1])])))).toEqual([[400, "INVALID_INPUT"]]);
  });

  it("keeps to the time that the caller allows", async () => {
    const { clock, start } = rig({ run: () => ({ computeMs: 50, finish: () => "crash" }) });
    const model = await start();
    expect(said(await clock.until(model.run([request([1], ["accept", "soon"])])))).toEqual([
      [400, "DEADLINE_EXCEEDED"],
    ]);
  });

  it("rejects a load as the runtime does, with nothing left", async () => {
    const { clock, runtime, start } = rig({ loadFailure: new ServingError("OUT_OF_MEMORY", "No room.") });
    await expect(start()).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(runtime.instances.size).toBe(0);
    expect(clock.now()).toBe(1);
  });

  it("finishes what it has before it is gone", async () => {
    const { clock, runtime, start } = rig();
    const model = await start();
    const running = model.run([request([1])]);
    await clock.until(model.stop(1000));
    expect(said(await running)).toEqual([[200, [1]]]);
    expect(runtime.unloads).toEqual(["iris"]);
    expect(await model.ended).toMatchObject({ reason: "unloaded" });
  });

  it("ends what runs for longer than its grace", async () => {
    const { clock, runtime, start } = rig({
      run: () => ({ computeMs: 1e6, finish: () => "crash" }),
    });
    const model = await start();
    const running = model.run([request([1])]);
    await clock.until(model.stop(100));
    expect(said(await running)).toEqual([[400, "WORKER_DIED"]]);
    expect(runtime.unloads).toEqual(["iris"]);
  });
});

describe("builtInOptions", () => {
  it("lets calls gather and never wait", () => {
    const handler = {
      ...{ minWorkers: 1, maxWorkers: 1, batchSize: 1, maxBatchDelayMs: 100, responseTimeoutMs: 1000 },
      ...{ synchronous: true, loadedAtStartup: false },
    };
    expect(builtInOptions(handler)).toMatchObject({ batchSize: 256, maxBatchDelayMs: 0 });
  });
});
