import { describe, expect, it } from "vitest";
import type { HandlerRequest } from "../../core/ports/handler-launcher.ts";
import type { ScoringCall, ScoringOutcome } from "../../core/ports/scoring-runner.ts";
import type { Batch } from "../../core/scheduling/batch.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import type { OutgoingFrame } from "./frames.ts";
import { HandlerWorker } from "./handler-worker.ts";
import { ScoringWorker } from "./scoring-worker.ts";
import { Peer } from "./testing/peer.ts";
import { Worker } from "./worker.ts";

type Outcome = Promise<{ readonly kind: string }>;
type Answer = OutgoingFrame & { readonly isLast: boolean };

/** A process of each kind: how to call it with so many bytes, and what an answer looks like. */
interface Subject {
  readonly data: Peer;
  readonly call: (bytes?: number) => Outcome;
  readonly answer: (id: number) => Answer;
}

const small = 10;
const large = 100_000;

async function model(): Promise<Subject> {
  const [data, lifeline] = [await Peer.connected(), await Peer.connected()];
  const events = { onLog: () => undefined, onGone: () => undefined };
  const worker = new Worker({ data: data.connection, lifeline: lifeline.connection }, 1, events);
  const batch = (bytes: number): Batch => ({
    ...{ calls: 1, rows: 1, outputs: null, parameters: null },
    payload: { kind: "opaque", contentType: "", headers: {}, bytes: Buffer.alloc(bytes) },
  });
  return {
    data,
    call: (bytes = small) => worker.run(1, batch(bytes)),
    answer: (id) => ({ kind: "chunk", id, isLast: true, header: { parts: [] } }),
  };
}

async function handler(): Promise<Subject> {
  const [data, lifeline] = [await Peer.connected(), await Peer.connected()];
  const exited = Promise.resolve("killed by SIGKILL");
  const process = { pid: 1, data: data.connection, lifeline: lifeline.connection, exited };
  const worker = new HandlerWorker({ ...process, closed: () => undefined }, new VirtualClock());
  const request = (bytes: number): HandlerRequest => ({
    ...{ id: "1", headers: [] },
    inputs: [{ name: "body", contentType: "", bytes: Buffer.alloc(bytes) }],
  });
  const part = { type: "opaque", content_type: "", headers: {}, bytes: 0 };
  const header = { parts: [part], items: [{ status: 200, phrase: "", headers: [] }] };
  return {
    data,
    call: (bytes = small) => worker.run([request(bytes)]),
    answer: (id) => ({ kind: "chunk", id, isLast: true, header }),
  };
}

async function script(): Promise<Subject> {
  const [data, lifeline] = [await Peer.connected(), await Peer.connected()];
  const worker = new ScoringWorker({
    ...{ data: data.connection, lifeline: lifeline.connection, pid: 1, clock: new VirtualClock() },
    onGone: () => undefined,
  });
  const call = (bytes: number): ScoringCall => ({
    ...{ method: "POST", target: "/score", headers: [], contentType: "" },
    body: Buffer.alloc(bytes),
  });
  const part = { type: "opaque", content_type: "", headers: {}, bytes: 0 };
  const response = { status: 200, headers: [], failed: false, run_ms: 1 };
  return {
    data,
    call: (bytes = small) =>
      new Promise<ScoringOutcome>((resolve) => {
        worker.score(call(bytes), resolve);
      }),
    answer: (id) => ({ kind: "chunk", id, isLast: true, header: { parts: [part], response } }),
  };
}

describe.each([
  ["a model's process", model],
  ["a handler's process", handler],
  ["a script's process", script],
])("%s that ends", (_, begin) => {
  async function answered(): Promise<Subject> {
    const subject = await begin();
    const first = subject.call();
    subject.data.send(subject.answer((await subject.data.next()).id));
    expect(["done", "answered"]).toContain((await first).kind);
    return subject;
  }

  it("has not begun the call that it had not read", async () => {
    const { data, call } = await answered();
    data.stopReading();
    const unread = call();
    data.end();
    expect((await unread).kind).toBe("not-started");
  });

  it("has begun the one that it had read", async () => {
    const { data, call } = await answered();
    const read = call();
    await data.next();
    data.end();
    expect((await read).kind).toBe("crashed");
  });

  it("has begun the one that it had read, though not the one behind it", async () => {
    const { data, call } = await answered();
    const read = call();
    await data.next();
    data.stopReading();
    const unread = call();
    data.end();
    expect([(await read).kind, (await unread).kind]).toEqual(["crashed", "not-started"]);
  });

  it("is taken to have begun one that it had not read, where it has never answered any", async () => {
    const { data, call } = await begin();
    data.stopReading();
    const unread = call();
    data.end();
    expect((await unread).kind).toBe("crashed");
  });

  it("is taken to have begun one whose size may be what ended it", async () => {
    const { data, call } = await answered();
    data.stopReading();
    const unread = call(large);
    data.end();
    expect((await unread).kind).toBe("crashed");
  });
});
