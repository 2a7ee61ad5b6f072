import { once } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Batch } from "../../core/scheduling/batch.ts";
import { Connection } from "./connection.ts";
import { Worker } from "./worker.ts";

/** A worker whose process is not there: what is sent to it is lost, and it with it. */
function lostWorker(): Worker {
  const nobody = { onFrame: () => undefined, onClose: () => undefined };
  const connections = {
    data: new Connection(new Socket(), nobody),
    lifeline: new Connection(new Socket(), nobody),
  };
  return new Worker(connections, 1, { onLog: () => undefined, onGone: () => undefined });
}

function batchWith(parameters: Batch["parameters"]): Batch {
  return { calls: 1, rows: 1, payload: { kind: "tensors", tensors: [] }, outputs: null, parameters };
}

describe("Worker.run", () => {
  it("fails a batch that does not fit into a frame, and keeps no memory of it", async () => {
    const worker = lostWorker();
    const refused = await worker.run(1, batchWith({ text: "x".repeat(2 ** 20) }));
    expect(refused).toMatchObject({ kind: "failed", error: { code: "PAYLOAD_TOO_LARGE" } });
    // The oldest call under way is the one that a lost worker was computing: it must be this one.
    expect(await worker.run(1, batchWith(null))).toMatchObject({ kind: "crashed" });
    expect(await worker.run(1, batchWith(null))).toEqual({ kind: "not-started" });
  });
});

it("notices a process that ended before anybody listened to its connection", async () => {
  const nobody = { onFrame: () => undefined, onClose: () => undefined };
  const socket = new Socket();
  const data = new Connection(socket, nobody);
  socket.destroy();
  await once(socket, "close");
  const lifeline = new Connection(new Socket(), nobody);
  const gone = Promise.withResolvers<undefined>();
  const onGone = (): void => {
    gone.resolve(undefined);
  };
  const worker = new Worker({ data, lifeline }, 1, { onLog: () => undefined, onGone });
  await gone.promise;
  expect(worker.isGone).toBe(true);
});
