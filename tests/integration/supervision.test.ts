import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { errorBody, infer, inferRequest, outputData } from "../support/infer.ts";
import { Load } from "../support/load.ts";
import { untilRunning } from "../support/metrics.ts";
import { madeAnswers, poison, repositoryOf, servedFunctions } from "../support/models.ts";
import { kill, pidOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** Nobody should notice a worker's end for longer; in fact it is a tenth of this, on a machine with nothing else to do. */
const longestGapMs = 2_000;
const callers = 8;

describe("processes that are killed", () => {
  const cleanup = new Cleanup();
  const { rows, answers } = madeAnswers();
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf("logreg", "nap", "fragile");
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path, env: servedFunctions });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  /** Calls of a small model, one after the other by several callers, each with its own row. */
  function startLoad(): Load {
    const load = new Load(
      server.url,
      (index) => inferRequest("logreg", [rows[index % rows.length] ?? []]),
      callers,
    );
    cleanup.add(() => load.stop());
    return load;
  }

  function expectOwnAnswers(load: Load): void {
    const wrong = load.answers.filter(({ status, index, ...reply }) => {
      const expected = answers["logreg"]?.["predict"]?.[index % rows.length];
      return status === 200 && outputData({ ...reply, status })[0] !== expected;
    });
    expect(wrong).toEqual([]);
  }

  test("a worker that is killed takes the running call with it, and nothing else", async () => {
    const load = startLoad();
    await load.more(200);
    const running = infer(server.url, "nap", [[20]]);
    await untilRunning(server, "nap");
    const killedAt = performance.now();
    kill(pidOf(server, "hostler-worker"));
    const reply = await running;
    expect([reply.status, errorBody(reply).code]).toEqual([503, "WORKER_DIED"]);
    expect(performance.now() - killedAt).toBeLessThan(longestGapMs);
    await load.more(500);
    await load.stop();
    expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);
    expectOwnAnswers(load);
    const back = load.answers.find(({ endedAt }) => endedAt > killedAt)?.endedAt ?? Infinity;
    console.info(`service resumed ${(back - killedAt).toFixed(0)} ms after the worker was killed`);
    expect(back - killedAt).toBeLessThan(longestGapMs);
  });

  test("killed at any moment, it fails no more calls than were under way", async () => {
    const load = startLoad();
    await load.more(100);
    for (let round = 0; round < 3; round += 1) {
      kill(pidOf(server, "hostler-worker"));
      await load.more(100);
    }
    await load.stop();
    const failed = load.answers.filter(({ status }) => status !== 200);
    expect(failed.length).toBeLessThanOrEqual(3 * callers);
    for (const reply of failed) expect([reply.status, errorBody(reply).code]).toEqual([503, "WORKER_DIED"]);
    expectOwnAnswers(load);
  });

  test("a zygote that is killed fails no call, and the next worker is forked from a new one", async () => {
    const load = startLoad();
    await load.more(100);
    const zygote = pidOf(server, "hostler-zygote");
    kill(zygote);
    await load.more(300);
    const isReplaced = (): true | undefined =>
      pidOf(server, "hostler-zygote", zygote) > 0 ? true : undefined;
    await until("a new zygote", isReplaced, 30_000);
    await load.more(100);
    expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);
    kill(pidOf(server, "hostler-worker"));
    await load.more(200);
    await load.stop();
    expect(load.answers.filter(({ status }) => status !== 200).length).toBeLessThanOrEqual(callers);
    expectOwnAnswers(load);
  });

  test("service resumes when the zygote and its worker are killed together", async () => {
    const load = startLoad();
    await load.more(100);
    kill(pidOf(server, "hostler-zygote"), pidOf(server, "hostler-worker"));
    await load.more(300);
    await load.stop();
    expect(load.answers.filter(({ status }) => status !== 200).length).toBeLessThanOrEqual(callers);
    expectOwnAnswers(load);
  });

  test("a request that killed two workers is refused, and others are not", async () => {
    const load = startLoad();
    for (const attempt of ["first", "second"]) {
      const reply = await infer(server.url, "fragile", [[poison]]);
      expect([attempt, reply.status, errorBody(reply).code]).toEqual([attempt, 503, "WORKER_DIED"]);
    }
    expect(outputData(await infer(server.url, "fragile", [[1]]))).toEqual([1]);
    const worker = pidOf(server, "hostler-worker");
    const refused = await infer(server.url, "fragile", [[poison]]);
    expect([refused.status, errorBody(refused).code]).toEqual([422, "REQUEST_QUARANTINED"]);
    await load.more(100);
    await load.stop();
    expect(pidOf(server, "hostler-worker")).toBe(worker);
    expectOwnAnswers(load);
  });
});

test("the end of one of two workers is nothing to the models of the other", async () => {
  const cleanup = new Cleanup();
  try {
    const repository = await repositoryOf("plain", "line@v1");
    cleanup.add(repository.remove);
    // One after the other, so that each worker gets one.
    const server = await startHostler({ repository: repository.path, args: ["--workers", "2", "--lazy"] });
    cleanup.add(() => server.stop());
    const models = ["plain", "line"];
    for (const model of models) expect((await infer(server.url, model, [[1]])).status).toBe(200);
    const loads = models.map((model) => new Load(server.url, () => inferRequest(model, [[1]]), 4));
    for (const load of loads) cleanup.add(() => load.stop());
    await Promise.all(loads.map((load) => load.more(100)));
    kill(pidOf(server, "hostler-worker"));
    await Promise.all(loads.map((load) => load.more(200)));
    const failures = loads.map(({ answers: all }) => all.filter(({ status }) => status !== 200).length);
    expect(failures.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
    expect(Math.max(...failures)).toBeLessThanOrEqual(4);
  } finally {
    await cleanup.run();
  }
});

test("a worker that is killed while its models are put back is replaced all the same", async () => {
  const cleanup = new Cleanup();
  try {
    const repository = await repositoryOf("plain", "sluggish");
    cleanup.add(repository.remove);
    const env = { ...servedFunctions, LOAD_SECONDS: "1" };
    const server = await startHostler({ repository: repository.path, env });
    cleanup.add(() => server.stop());
    const first = pidOf(server, "hostler-worker");
    kill(first);
    const second = await until("the next worker", () => pidOf(server, "hostler-worker", first) || undefined);
    kill(second);
    expect(outputData(await infer(server.url, "sluggish", [[4]]))).toEqual([4]);
    expect(outputData(await infer(server.url, "plain", [[4]]))).toEqual([2]);
  } finally {
    await cleanup.run();
  }
});

test("a front that is killed during a long computation leaves no process and no folder", async () => {
  const cleanup = new Cleanup();
  try {
    const repository = await repositoryOf("nap");
    cleanup.add(repository.remove);
    const server = await startHostler({ repository: repository.path, env: servedFunctions });
    cleanup.add(() => server.stop("SIGKILL"));
    const call = infer(server.url, "nap", [[60]]).catch((error: unknown) => error);
    await untilRunning(server, "nap");
    // Fails by itself if a process is left after two seconds, or anything in the folder for temporary files.
    expect(await server.stop("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    expect(await call).toBeInstanceOf(Error);
  } finally {
    await cleanup.run();
  }
});
