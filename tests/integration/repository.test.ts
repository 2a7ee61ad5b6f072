import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, postJson, send, type HttpReply } from "../support/http.ts";
import { errorBody, infer, inferRequest, outputData } from "../support/infer.ts";
import { Load } from "../support/load.ts";
import { untilRunning, untilUnderWay } from "../support/metrics.ts";
import { addModel, repositoryOf, servedFunctions } from "../support/models.ts";

interface IndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state: string;
  readonly reason: string;
}

describe("loading and unloading while the server runs", () => {
  const cleanup = new Cleanup();
  let repository: string;
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("plain", "nap");
    cleanup.add(folder.remove);
    repository = folder.path;
    server = await startHostler({ repository, env: servedFunctions });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  beforeEach(async () => {
    for (const version of ["v1", "v2", "v3"])
      await rm(join(repository, `line@${version}`), { recursive: true, force: true });
    await addModel(repository, "line@v1");
    expect((await load("line")).status).toBe(200);
  });

  function load(name: string): Promise<HttpReply> {
    return send(server.url, { method: "POST", path: `/v2/repository/models/${name}/load` });
  }

  function unload(name: string): Promise<HttpReply> {
    return send(server.url, { method: "POST", path: `/v2/repository/models/${name}/unload` });
  }

  async function index(name: string): Promise<IndexEntry[]> {
    const { body } = await postJson(server.url, "/v2/repository/index", {});
    return (JSON.parse(body) as IndexEntry[]).filter((entry) => entry.name === name);
  }

  async function ask(name: string, version?: string): Promise<unknown> {
    const options = version === undefined ? {} : { version };
    return outputData(await infer(server.url, name, [[10]], options))[0];
  }

  test("a folder that was added is served once it is loaded, and reading it is enough to list it", async () => {
    await addModel(repository, "plain", "late");
    await writeFile(
      join(repository, "late", "model-settings.json"),
      JSON.stringify({ name: "late", implementation: "mlserver_sklearn.SKLearnModel" }),
    );
    expect((await infer(server.url, "late", [[10]])).status).toBe(404);
    const reply = await load("late");
    expect([reply.status, reply.body]).toEqual([200, ""]);
    expect(await ask("late")).toBe(5);
    expect(await index("late")).toEqual([{ name: "late", state: "READY", reason: "" }]);
    expect((await unload("late")).status).toBe(200);
    await rm(join(repository, "late"), { recursive: true });
  });

  test("an unloaded model is gone from every route until it is loaded again", async () => {
    expect(await ask("line")).toBe(10);
    const reply = await unload("line");
    expect([reply.status, reply.body]).toEqual([200, ""]);
    for (const path of ["/v2/models/line", "/v2/models/line/ready", "/v2/models/line/versions/v1/ready"]) {
      const missing = await get(server.url, path);
      expect([path, missing.status, errorBody(missing).code]).toEqual([path, 404, "MODEL_NOT_FOUND"]);
    }
    expect((await infer(server.url, "line", [[10]])).status).toBe(404);
    expect((await unload("line")).status).toBe(404);
    expect((await get(server.url, "/v2/health/ready")).status).toBe(200);
    expect((await load("line")).status).toBe(200);
    expect(await ask("line")).toBe(10);
  });

  test("a version that was added answers, and one that was removed disappears", async () => {
    await addModel(repository, "line@v2");
    await addModel(repository, "line@v3");
    await load("line");
    expect([await ask("line"), await ask("line", "v1"), await ask("line", "v2")]).toEqual([30, 10, 20]);
    expect((await index("line")).map(({ version, state }) => [version, state])).toEqual([
      ["v1", "READY"],
      ["v2", "READY"],
      ["v3", "READY"],
    ]);
    await rm(join(repository, "line@v3"), { recursive: true });
    await load("line");
    expect(await ask("line")).toBe(20);
    expect((await infer(server.url, "line", [[10]], { version: "v3" })).status).toBe(404);
    expect((await index("line")).map(({ version }) => version)).toEqual(["v1", "v2"]);
  });

  test("what cannot be loaded says so, and what was loaded goes on", async () => {
    const settings = join(repository, "line@v1", "model-settings.json");
    await writeFile(settings, '{\n  "name": "line",\n  "implementation": 5\n}\n');
    const refused = await load("line");
    expect([refused.status, errorBody(refused).code]).toEqual([400, "INVALID_SETTINGS"]);
    expect(refused.body).toContain("implementation");
    expect(await ask("line")).toBe(10);
    await rm(join(repository, "line@v1"), { recursive: true });
    await addModel(repository, "line@v1");
    await rm(join(repository, "line@v1", "model.joblib"));
    await writeFile(join(repository, "line@v1", "model.joblib"), "no pickle at all");
    const failed = await load("line");
    expect([failed.status, errorBody(failed).code]).toEqual([500, "MODEL_LOAD_FAILED"]);
    expect(failed.body).toContain("model.joblib");
    expect(await ask("line")).toBe(10);
    expect(await index("line")).toEqual([{ name: "line", version: "v1", state: "READY", reason: "" }]);
  });

  test("names that are not there, or are none, are not found", async () => {
    for (const name of ["nothing", "..", "%2e%2e%2fplain", "plain%00", "*"]) {
      for (const change of [load, unload]) {
        const reply = await change(name);
        expect([name, reply.status, errorBody(reply).error]).toEqual([
          name,
          404,
          expect.any(String) as string,
        ]);
      }
    }
  });

  test("a reload under load fails no call, and ends with the new weights", async () => {
    const calls = new Load(server.url, () => inferRequest("line", [[10]], { version: "v1" }));
    cleanup.add(() => calls.stop());
    await calls.more(100);
    for (let round = 0; round < 5; round += 1) {
      expect((await load("line")).status).toBe(200);
      await calls.more(50);
    }
    await rm(join(repository, "line@v1"), { recursive: true });
    await addModel(repository, "line@v2", "line@v1");
    await writeFile(
      join(repository, "line@v1", "model-settings.json"),
      JSON.stringify({
        name: "line",
        implementation: "mlserver_sklearn.SKLearnModel",
        parameters: { version: "v1" },
      }),
    );
    expect((await load("line")).status).toBe(200);
    const switchedAt = performance.now();
    await calls.more(100);
    const all = await calls.stop();
    expect(all.filter(({ status }) => status !== 200)).toEqual([]);
    const values = new Set(all.map((reply) => outputData(reply)[0]));
    expect([...values]).toEqual([10, 20]);
    // A call that was under way when the answer to the reload left may still show the old weights.
    const late = all.filter(({ endedAt }) => endedAt > switchedAt).slice(16);
    expect(new Set(late.map((reply) => outputData(reply)[0]))).toEqual(new Set([20]));
  });

  test("an unload lets the calls finish that the model has", async () => {
    const running = infer(server.url, "nap", [[0.5]]);
    await untilRunning(server, "nap");
    const queued = [1, 2, 3].map(() => infer(server.url, "nap", [[0]]));
    await untilUnderWay(server, "nap", 4);
    const unloaded = unload("nap");
    const replies = await Promise.all([running, ...queued]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await unloaded).status).toBe(200);
    expect((await infer(server.url, "nap", [[0]])).status).toBe(404);
    expect((await load("nap")).status).toBe(200);
  });

  test("a hundred loads and unloads of two names at once neither hang nor answer anything odd", async () => {
    const calls = new Load(server.url, () => inferRequest("line", [[10]]), 4);
    cleanup.add(() => calls.stop());
    const changes = Array.from({ length: 100 }, (_, turn) => {
      const change = turn % 3 === 2 ? unload : load;
      return change(turn % 2 === 0 ? "line" : "plain");
    });
    const statuses = new Set((await Promise.all(changes)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 404)).toEqual([]);
    for (const name of ["line", "plain"]) expect((await load(name)).status).toBe(200);
    await calls.more(20);
    const all = await calls.stop();
    expect(all.filter(({ status }) => status !== 200 && status !== 404)).toEqual([]);
    expect([await ask("line"), await ask("plain")]).toEqual([10, 5]);
    expect((await index("line")).map(({ state }) => state)).toEqual(["READY"]);
  });
});
