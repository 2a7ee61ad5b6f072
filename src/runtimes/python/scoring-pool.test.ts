import { afterEach, describe, expect, it } from "vitest";
import type { ScoringCall, ScoringOutcome } from "../../core/ports/scoring-runner.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import type { Frame } from "./frames.ts";
import { ScoringPool } from "./scoring-pool.ts";
import { ScoringWorker } from "./scoring-worker.ts";
import { Peer } from "./testing/peer.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const call: ScoringCall = {
  method: "POST",
  target: "/score",
  headers: [],
  contentType: "application/json",
  body: Buffer.from("{}"),
};

const script = { input: "text", takes_headers: false, cors_origins: [], timeout_ms: 60_000, modules: [] };

/** A pool of one worker, with its script loaded, and what is on its other side. */
async function poolOfOne(): Promise<{
  readonly pool: ScoringPool;
  readonly data: Peer;
  readonly lifeline: Peer;
  readonly clock: VirtualClock;
  readonly exit: () => void;
}> {
  const clock = new VirtualClock();
  const [data, lifeline] = [await Peer.connected(), await Peer.connected()];
  const exited = Promise.withResolvers<string>();
  const place: { pool: ScoringPool | null } = { pool: null };
  const worker = new ScoringWorker({
    data: data.connection,
    lifeline: lifeline.connection,
    pid: 1,
    clock,
    onGone: () => place.pool?.gone(worker),
  });
  const order = { appRoot: "/", folder: "/", entryScript: null, isRunOptional: false, memoryBytes: null };
  const loading = worker.load(order);
  data.send({ kind: "end", id: (await data.next()).id, header: { result: script } });
  const pool = new ScoringPool({
    clock,
    log: () => undefined,
    script: (await loading).script,
    started: [{ worker, exited: exited.promise }],
    start: () => new Promise(() => undefined),
    onStopped: () => Promise.resolve(),
  });
  place.pool = pool;
  const exit = (): void => {
    exited.resolve("exit code 0");
  };
  ends.push(() => {
    data.end();
    lifeline.end();
  });
  return { pool, data, lifeline, clock, exit };
}

function head(frame: Frame, { runMs, isLast }: { readonly runMs: number; readonly isLast: boolean }) {
  const part = { type: "opaque", content_type: "application/json", headers: {}, bytes: 0 };
  const response = { status: 200, headers: [], failed: false, run_ms: runMs };
  return { kind: "chunk", id: frame.id, isLast, header: { parts: [part], response } } as const;
}

function piece(frame: Frame, bytes: Buffer) {
  const part = { type: "opaque", content_type: "", headers: {}, bytes: bytes.byteLength };
  return { kind: "chunk", id: frame.id, header: { parts: [part] }, payload: [bytes] } as const;
}

function end(frame: Frame) {
  return { kind: "end", id: frame.id, header: {} } as const;
}

async function textOf(outcome: ScoringOutcome): Promise<string> {
  if (outcome.kind !== "answered") throw new Error(outcome.kind);
  const { body } = outcome.answer;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe("a script that streams", () => {
  it("is sent the next call when its stream has ended, though no other call comes", async () => {
    const { pool, data } = await poolOfOne();
    // A run() that takes long: a worker holds one call at a time from now on.
    const slow = pool.score(call);
    data.send(head(await data.next(), { runMs: 10_000, isLast: true }));
    await slow.outcome;
    const streamed = pool.score(call);
    const next = pool.score(call);
    const frame = await data.next();
    data.send(head(frame, { runMs: 1, isLast: false }));
    await streamed.outcome;
    data.send(piece(frame, Buffer.from("all of it")), end(frame));
    expect(await textOf(await streamed.outcome)).toBe("all of it");
    data.send(head(await data.next(), { runMs: 1, isLast: true }));
    expect(await next.outcome).toMatchObject({ kind: "answered" });
  });

  it("streams to its end while its instance stops, as long as there is grace", async () => {
    const { pool, data, exit } = await poolOfOne();
    const run = pool.score(call);
    const frame = await data.next();
    data.send(head(frame, { runMs: 1, isLast: false }));
    const outcome = await run.outcome;
    const stopped = pool.stop(5_000);
    data.send(piece(frame, Buffer.from("to the end")), end(frame));
    expect(await textOf(outcome)).toBe("to the end");
    await data.closed();
    exit();
    await stopped;
  });

  it("is not held up by an answer whose caller went away before it began", async () => {
    const { pool, data } = await poolOfOne();
    const run = pool.score(call);
    const frame = await data.next();
    run.cancel();
    expect(await data.next()).toMatchObject({ kind: "cancel" });
    const next = pool.score(call);
    const nextFrame = await data.next();
    const large = piece(frame, Buffer.alloc(512 * 1024));
    data.send(head(frame, { runMs: 1, isLast: false }), large, large, large, large, end(frame));
    data.send(head(nextFrame, { runMs: 1, isLast: true }));
    expect(await next.outcome).toMatchObject({ kind: "answered" });
  });
});

it("answers a call that fits into no frame, and does not send it round", async () => {
  const { pool } = await poolOfOne();
  const huge = pool.score({ ...call, contentType: "x".repeat(2 ** 20) });
  expect(await huge.outcome).toMatchObject({ kind: "answered", answer: { status: 413 } });
});

it("ends a process that has closed its connection and does not end", async () => {
  const { pool, data, lifeline, exit } = await poolOfOne();
  data.end();
  exit();
  await lifeline.closed();
  expect(pool.processes).toEqual([]);
});
