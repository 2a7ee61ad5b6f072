import { Agent } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, postJson, send } from "../support/http.ts";
import { errorBody, infer, outputData } from "../support/infer.ts";
import { untilRunning, untilUnderWay } from "../support/metrics.ts";
import { madeAnswers, repositoryOf, servedFunctions } from "../support/models.ts";
import { pidOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface ServeOptions {
  readonly models: readonly string[];
  readonly args?: readonly string[];
  readonly loadSeconds?: string;
  readonly untilReady?: boolean;
}

/** Its `stop` fails when a process or a temporary file is left, so that every test here expects a clean end. */
async function serve({ models, loadSeconds = "0", ...options }: ServeOptions): Promise<RunningHostler> {
  const repository = await repositoryOf(...models);
  cleanup.add(repository.remove);
  const env = { ...servedFunctions, LOAD_SECONDS: loadSeconds };
  const server = await startHostler({ repository: repository.path, env, ...options });
  cleanup.add(() => server.stop("SIGKILL"));
  return server;
}

async function untilStopping(server: RunningHostler): Promise<void> {
  await until("the server to stop", async () => {
    const { status } = await get(server.url, "/v2/health/ready");
    return status === 503 ? true : undefined;
  });
}

describe("SIGTERM", () => {
  test("answers the calls under way, those in line too, refuses new ones, and ends with exit code 0", async () => {
    const { rows, answers } = madeAnswers();
    const server = await serve({ models: ["nap", "logreg"] });
    const running = infer(server.url, "nap", [[1.5]]);
    await untilRunning(server, "nap");
    const queued = rows.slice(0, 20).map((row) => infer(server.url, "logreg", [row]));
    const behind = infer(server.url, "nap", [[0.1]]);
    await untilUnderWay(server, "nap", 2);
    const stopped = server.stop();
    await untilStopping(server);
    const refused = await infer(server.url, "logreg", [rows[0] ?? []]);
    expect([refused.status, errorBody(refused).code]).toEqual([503, "SHUTTING_DOWN"]);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(outputData(await running)).toEqual([1.5]);
    expect(outputData(await behind)).toEqual([0.1]);
    const got = await Promise.all(queued.map(async (reply) => outputData(await reply)[0]));
    expect(got).toEqual(answers["logreg"]?.["predict"]?.slice(0, 20));
    expect(await stopped).toEqual({ code: 0, signal: null });
    await expect(get(server.url, "/v2/health/live")).rejects.toThrow("ECONNREFUSED");
  });

  test("while models are loading ends the server all the same", async () => {
    const server = await serve({ models: ["sluggish"], loadSeconds: "60", untilReady: false });
    await until("a worker that loads", () => pidOf(server, "hostler-worker") || undefined, 30_000);
    const index = await postJson(server.url, "/v2/repository/index", {});
    expect(JSON.parse(index.body)).toEqual([{ name: "sluggish", state: "LOADING", reason: "" }]);
    const askedAt = performance.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - askedAt).toBeLessThan(5_000);
  });

  test("gives a long computation as long as --drain-timeout says", async () => {
    const server = await serve({ models: ["nap"], args: ["--drain-timeout", "500ms"] });
    const calls = Promise.all([1, 2, 3].map(() => infer(server.url, "nap", [[60]])));
    await untilUnderWay(server, "nap", 3);
    const askedAt = performance.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    const ends = (await calls).map((reply) => `${String(reply.status)} ${errorBody(reply).code}`).sort();
    expect(ends).toEqual(["503 SHUTTING_DOWN", "503 SHUTTING_DOWN", "503 WORKER_DIED"]);
  });
});

test("a second Ctrl-C does not wait", async () => {
  const server = await serve({ models: ["nap"] });
  const running = infer(server.url, "nap", [[60]]).then(
    () => "answered",
    () => "broken off",
  );
  await untilRunning(server, "nap");
  const first = server.stop("SIGINT");
  await untilStopping(server);
  const askedAt = performance.now();
  expect(await server.stop("SIGINT")).toEqual({ code: 130, signal: null });
  expect(performance.now() - askedAt).toBeLessThan(5_000);
  await first;
  expect(["answered", "broken off"]).toContain(await running);
});

test("an idle server with open connections ends at once", async () => {
  const server = await serve({ models: ["plain"] });
  const agent = new Agent({ keepAlive: true });
  cleanup.add(() => {
    agent.destroy();
  });
  expect((await send(server.url, { method: "GET", path: "/v2", agent })).status).toBe(200);
  expect(Object.values(agent.freeSockets)).toHaveLength(1);
  const askedAt = performance.now();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - askedAt).toBeLessThan(3_000);
});
