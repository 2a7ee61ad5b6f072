import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import type { TemporaryFolder } from "../support/folders.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, postJson, send } from "../support/http.ts";
import { errorBody, infer, outputData } from "../support/infer.ts";
import type { LogFields } from "../support/logs.ts";
import { MemoryWatch, treeBytes } from "../support/memory.ts";
import { modelMetric, readMetrics, untilRunning } from "../support/metrics.ts";
import { addModel, repositoryOf, servedFunctions } from "../support/models.ts";
import { until } from "../support/until.ts";

const mebibyte = 1024 * 1024;
/** What one heavy model holds. */
const heavyBytes = 16 * mebibyte;
const heavyRow = [Array<number>(10).fill(0)];
const heavies = ["h1", "h2", "h3", "h4", "h5", "h6", "h7"] as const;

/** A folder with many models that are mostly memory, one of four times their size, and two that are small. */
async function heavyRepository(): Promise<TemporaryFolder> {
  const folder = await repositoryOf("plain", "nap", "heaviest");
  for (const name of heavies) {
    await addModel(folder.path, "heavy", name);
    const settings = { name, implementation: "mlserver_sklearn.SKLearnModel" };
    await writeFile(join(folder.path, name, "model-settings.json"), JSON.stringify(settings));
  }
  return folder;
}

function serveLazily(repository: string, ...args: readonly string[]): Promise<RunningHostler> {
  const env = { ...servedFunctions, LOAD_SECONDS: "0.3" };
  return startHostler({ repository, args: ["--lazy", ...args], env });
}

async function states(server: RunningHostler): Promise<Record<string, string>> {
  const { body } = await postJson(server.url, "/v2/repository/index", {});
  const entries = JSON.parse(body) as { name: string; state: string }[];
  return Object.fromEntries(entries.map(({ name, state }) => [name, state]));
}

/** Log entries of a message, as soon as there are so many. */
async function logged(server: RunningHostler, message: string, count: number): Promise<readonly LogFields[]> {
  return until(`${String(count)} times "${message}" in the log`, () => {
    const found = server.logs.entries.filter(({ msg }) => msg === message);
    return found.length >= count ? found : undefined;
  });
}

describe("--lazy", () => {
  const cleanup = new Cleanup();
  let artifact: string;
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("sluggish", "plain", "line@v1");
    cleanup.add(folder.remove);
    artifact = join(folder.path, "line@v1", "model.joblib");
    server = await serveLazily(folder.path);
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  test("loads nothing until it is called, and then once for all who call", async () => {
    expect(await states(server)).toEqual({
      line: "UNAVAILABLE",
      plain: "UNAVAILABLE",
      sluggish: "UNAVAILABLE",
    });
    expect((await get(server.url, "/v2/models/sluggish/ready")).status).toBe(200);
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) => infer(server.url, "sluggish", [[index]])),
    );
    expect(replies.map((reply) => outputData(reply)[0])).toEqual([...replies.keys()]);
    const loads = await logged(server, "model loaded", 1);
    expect(loads.map(({ model }) => model)).toEqual(["sluggish"]);
    expect(await modelMetric(server, "hostler_cold_starts_total", "sluggish")).toBe(1);
    expect(await modelMetric(server, "hostler_model_load_duration_seconds_count", "sluggish")).toBe(1);
    expect(await states(server)).toMatchObject({ plain: "UNAVAILABLE", sluggish: "READY" });
  });

  test("tells all who wait why a model cannot be loaded, and does not try anew for each", async () => {
    const good = await readFile(artifact);
    await replaceFile(artifact, "no pickle at all");
    const replies = await Promise.all(Array.from({ length: 20 }, () => infer(server.url, "line", [[1]])));
    for (const reply of replies)
      expect([reply.status, errorBody(reply).code]).toEqual([500, "MODEL_LOAD_FAILED"]);
    expect((await infer(server.url, "line", [[1]])).status).toBe(500);
    expect(await logged(server, "model failed to load", 1)).toHaveLength(1);
    expect((await get(server.url, "/v2/models/line/ready")).status).toBe(503);
    expect(outputData(await infer(server.url, "plain", [[1]]))).toEqual([0.5]);
    await replaceFile(artifact, good);
    expect((await postJson(server.url, "/v2/repository/models/line/load", {})).status).toBe(200);
    expect(outputData(await infer(server.url, "line", [[1]]))).toEqual([1]);
  });
});

describe("memory", () => {
  const cleanup = new Cleanup();
  let repository: string;
  /** What the processes hold with one small model in memory: everything but the weights. */
  let baseBytes: number;

  beforeAll(async () => {
    const folder = await heavyRepository();
    cleanup.add(folder.remove);
    repository = folder.path;
  });

  afterAll(() => cleanup.run());

  async function withServer(
    args: readonly string[],
    use: (server: RunningHostler) => Promise<void>,
  ): Promise<void> {
    const server = await serveLazily(repository, ...args);
    try {
      await use(server);
    } finally {
      await server.stop();
    }
  }

  test("comes back with an unload", async () => {
    await withServer([], async (server) => {
      await infer(server.url, "plain", [[1]]);
      baseBytes = treeBytes(server);
      for (const name of heavies) expect((await infer(server.url, name, heavyRow)).status).toBe(200);
      expect(treeBytes(server) - baseBytes).toBeGreaterThan(0.9 * heavies.length * heavyBytes);
      for (const name of heavies) {
        const reply = await send(server.url, {
          method: "POST",
          path: `/v2/repository/models/${name}/unload`,
        });
        expect(reply.status).toBe(200);
      }
      expect(treeBytes(server) - baseBytes).toBeLessThan(0.2 * heavies.length * heavyBytes);
    });
  });

  test("stays within --memory-budget: the least recently used model makes room, and the log says so", async () => {
    const budget = Math.round(baseBytes + 4.5 * heavyBytes);
    await withServer(["--memory-budget", String(budget), "--pin", "h1"], async (server) => {
      const watch = new MemoryWatch(server);
      for (let round = 0; round < 3; round += 1) {
        for (const name of heavies)
          expect([name, (await infer(server.url, name, heavyRow)).status]).toEqual([name, 200]);
      }
      const highest = await watch.stop();
      console.info(`at most ${((100 * highest) / budget).toFixed(1)} % of the budget were held`);
      expect(highest).toBeLessThan(1.1 * budget);

      const now = await states(server);
      expect(now["h1"]).toBe("READY");
      expect(Object.values(now).filter((state) => state === "READY").length).toBeLessThan(heavies.length);
      const evictions = await logged(server, "model evicted", heavies.length);
      for (const eviction of evictions) {
        expect(eviction).toMatchObject({ reason: "memory budget", budgetBytes: budget });
        expect(eviction["for"]).not.toBe(eviction["model"]);
      }
      // In turn each is the one that was used longest ago; all but the pinned one.
      expect(evictions.slice(0, 6).map(({ model }) => model)).toEqual(["h2", "h3", "h4", "h5", "h6", "h7"]);
      expect(evictions.map(({ model }) => model)).not.toContain("h1");
      const metrics = await readMetrics(server);
      expect(metrics.get('hostler_model_loads_total{model="h1",version="",result="ok"}')).toBe(1);
      const ofSecond = evictions.filter(({ model }) => model === "h2").length;
      const counted = 'hostler_model_evictions_total{model="h2",version="",reason="memory_budget"}';
      expect(metrics.get(counted)).toBe(ofSecond);
    });
  });

  test("is never taken from a busy model, nor from a pinned one", async () => {
    // A model is reckoned at twice its file. Room for the pinned one and the small one, and far too little for the
    // heaviest: what the processes hold without models differs from run to run by more than a heavy one.
    const budget = Math.round(baseBytes + 4 * heavyBytes);
    await withServer(["--memory-budget", String(budget), "--pin", "h1"], async (server) => {
      expect((await infer(server.url, "h1", heavyRow)).status).toBe(200);
      expect((await infer(server.url, "nap", [[0]])).status).toBe(200);
      const busy = infer(server.url, "nap", [[1]]);
      await untilRunning(server, "nap");
      const refused = await infer(server.url, "heaviest", heavyRow);
      expect([refused.status, errorBody(refused).code]).toEqual([507, "OUT_OF_MEMORY"]);
      expect(errorBody(refused).hint).toContain("--memory-budget");
      expect(outputData(await busy)).toEqual([1]);
      expect((await infer(server.url, "h1", heavyRow)).status).toBe(200);
      expect(await states(server)).toMatchObject({ h1: "READY", heaviest: "UNAVAILABLE" });
    });
  });
});

/** A new file in its place: the old one is a link to what other tests serve. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await rm(path);
  await writeFile(path, content);
}
