import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, type HttpReply } from "../support/http.ts";
import { errorBody, infer, outputData } from "../support/infer.ts";
import { modelMetric, readMetrics, untilRunning, untilUnderWay } from "../support/metrics.ts";
import { repositoryOf, servedFunctions } from "../support/models.ts";
import { pidOf } from "../support/processes.ts";

/** How long the worker is kept busy: much longer than what is to happen meanwhile. */
const busySeconds = 1.5;
/** What answers sooner did not wait for the worker. */
const soonMs = 1_000;
const queueLimit = 4;

describe("while the worker computes", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("nap", "plain");
    cleanup.add(folder.remove);
    const args = ["--queue-limit", String(queueLimit), "--request-timeout", "20s"];
    server = await startHostler({ repository: folder.path, args, env: servedFunctions });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  /** Keeps the worker busy; the result settles when it is free again. */
  async function keepBusy(seconds = busySeconds): Promise<{ readonly reply: Promise<HttpReply> }> {
    const reply = infer(server.url, "nap", [[seconds]]);
    await untilRunning(server, "nap");
    return { reply };
  }

  async function elapsed(work: Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await work;
    return performance.now() - startedAt;
  }

  test("health, readiness, lists and metrics answer at once", async () => {
    const { reply } = await keepBusy();
    for (const path of [
      "/v2/health/live",
      "/v2/health/ready",
      "/v2/models/nap/ready",
      "/v2/models/nap",
      "/",
    ]) {
      const answered = get(server.url, path);
      expect(await elapsed(answered)).toBeLessThan(soonMs);
      expect([path, (await answered).status]).toEqual([path, 200]);
    }
    expect(await elapsed(readMetrics(server))).toBeLessThan(soonMs);
    expect(await modelMetric(server, "hostler_in_flight", "nap")).toBe(1);
    expect(outputData(await reply)).toEqual([busySeconds]);
  });

  test("a call is over when its own time is over, not when the worker is free", async () => {
    const { reply } = await keepBusy();
    const late = infer(server.url, "nap", [[0]], { parameters: { timeout: 300_000 } });
    const tookMs = await elapsed(late);
    expect([(await late).status, errorBody(await late).code]).toEqual([504, "DEADLINE_EXCEEDED"]);
    expect(tookMs).toBeGreaterThan(250);
    expect(tookMs).toBeLessThan(soonMs);
    expect((await reply).status).toBe(200);
  });

  test("a call that computes for longer than it may is answered in time, too", async () => {
    const late = infer(server.url, "nap", [[busySeconds]], { parameters: { timeout: 300_000 } });
    expect(await elapsed(late)).toBeLessThan(soonMs);
    expect([(await late).status, errorBody(await late).code]).toEqual([504, "DEADLINE_EXCEEDED"]);
    expect(outputData(await infer(server.url, "nap", [[0]]))).toEqual([0]);
  });

  test("more calls than may wait are refused at once, and told when to come back", async () => {
    const { reply } = await keepBusy();
    const startedAt = performance.now();
    const calls = Array.from({ length: queueLimit + 5 }, async () => {
      const answered = await infer(server.url, "nap", [[0]]);
      return { ...answered, tookMs: performance.now() - startedAt };
    });
    // Another model's line is its own.
    expect(outputData(await infer(server.url, "plain", [[2]]))).toEqual([1]);
    expect((await reply).status).toBe(200);
    const replies = await Promise.all(calls);
    const refused = replies.filter(({ status }) => status !== 200);
    // Beside those in line, one may wait in the worker's own socket.
    expect([4, 5]).toContain(refused.length);
    for (const one of refused) {
      expect([one.status, errorBody(one).code]).toEqual([429, "QUEUE_FULL"]);
      expect(one.tookMs).toBeLessThan(soonMs);
      expect(Number(one.headers["retry-after"])).toBeGreaterThan(0);
    }
    const counted = 'hostler_rejected_total{model="nap",version="",reason="queue_full"}';
    expect((await readMetrics(server)).get(counted)).toBe(refused.length);
  });

  test("a caller who leaves the line costs the worker nothing", async () => {
    const batches = (): Promise<number> => modelMetric(server, "hostler_batch_size_count", "nap");
    const before = await batches();
    const { reply } = await keepBusy();
    const stays = [infer(server.url, "nap", [[0]]), infer(server.url, "nap", [[0]])];
    await untilUnderWay(server, "nap", 3);
    const leaver = new AbortController();
    const leaves = [1, 2].map(() => infer(server.url, "nap", [[60]], { signal: leaver.signal }));
    const ends = Promise.allSettled(leaves);
    await untilUnderWay(server, "nap", 5);
    leaver.abort();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await untilUnderWay(server, "nap", 3);
    const replies = await Promise.all([reply, ...stays]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await batches()) - before).toBe(3);
    const metrics = await readMetrics(server);
    expect(metrics.get('hostler_requests_total{model="nap",version="",code="CANCELLED"}')).toBe(2);
  });

  test("a caller who leaves during its own computation frees the worker for the next after a while", async () => {
    const worker = pidOf(server, "hostler-worker");
    const leaver = new AbortController();
    const leaves = infer(server.url, "nap", [[60]], { signal: leaver.signal }).catch(() => "gone");
    await untilRunning(server, "nap");
    leaver.abort();
    expect(await leaves).toBe("gone");
    // Ten seconds are given to a computation for nobody once somebody waits for its worker.
    expect(outputData(await infer(server.url, "nap", [[0]]))).toEqual([0]);
    expect(pidOf(server, "hostler-worker")).not.toBe(worker);
  });
});

test("--request-timeout ends calls that name no time of their own, and those that name a longer one", async () => {
  const folder = await repositoryOf("nap");
  const args = ["--request-timeout", "400ms"];
  const server = await startHostler({ repository: folder.path, args, env: servedFunctions });
  try {
    expect(outputData(await infer(server.url, "nap", [[0]]))).toEqual([0]);
    const calls = [{}, { parameters: { timeout: 60_000_000 } }].map((options) =>
      infer(server.url, "nap", [[busySeconds]], options),
    );
    for (const reply of await Promise.all(calls)) {
      expect([reply.status, errorBody(reply).code]).toEqual([504, "DEADLINE_EXCEEDED"]);
    }
  } finally {
    await server.stop();
    await folder.remove();
  }
});
