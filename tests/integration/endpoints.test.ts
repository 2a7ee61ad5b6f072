import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { control, controlJson, createEndpoint, deployScript, score } from "../support/endpoints.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { until } from "../support/until.ts";

const echo = `
def init():
    pass

def run(data):
    return data
`;

const sleeper = `
import json, time

def init():
    pass

def run(data):
    time.sleep(json.loads(data)["s"])
    return "slept"
`;

const failing = `
from azureml.contrib.services.aml_response import AMLResponse

def init():
    pass

def run(data):
    if data == '"raise"':
        raise ValueError("a secret of the script")
    return AMLResponse("not for you", 422)
`;

describe("endpoints of hostler up", () => {
  const cleanup = new Cleanup();
  let up: RunningUp;

  beforeAll(async () => {
    up = await startUp({ args: ["--engine", "process"] });
    cleanup.add(up.stop);
  });

  afterAll(() => cleanup.run());

  async function live(endpoint: string, script: string, spec: object = {}): Promise<string> {
    const key = await createEndpoint(up, endpoint);
    const found = await deployScript(up, { endpoint, name: "blue", script, spec });
    expect(found).toMatchObject({ provisioning_state: "Succeeded" });
    await controlJson(up, "PUT", `/api/endpoints/${endpoint}/traffic`, { traffic: { blue: 100 } });
    return key;
  }

  test("a script answers behind its key, and the reply says who answered", async () => {
    const key = await live("echo", echo);
    const reply = await score(up, { endpoint: "echo", key, body: '{"a": 1}' });
    expect(reply).toMatchObject({ status: 200, body: String.raw`"{\"a\": 1}"` });
    expect(reply.headers).toMatchObject({
      "azureml-model-deployment": "blue",
      "x-ms-run-function-failed": "False",
    });
    for (const wrong of ["", "wrong", `${key}x`])
      expect(await score(up, { endpoint: "echo", key: wrong })).toMatchObject({ status: 401 });
    expect(await score(up, { endpoint: "nobody", key })).toMatchObject({ status: 404 });
    const pinned = { "azureml-model-deployment": "green" };
    expect(await score(up, { endpoint: "echo", key, headers: pinned })).toMatchObject({ status: 404 });
  });

  test("a regenerated key replaces the old one at once, the other one stays", async () => {
    const key = await live("keys", echo);
    const before = (await controlJson(up, "POST", "/api/endpoints/keys/keys")) as Record<string, string>;
    await controlJson(up, "POST", "/api/endpoints/keys/keys/regenerate", { key_type: "primary" });
    expect(await score(up, { endpoint: "keys", key })).toMatchObject({ status: 401 });
    const secondary = before["secondary_key"] ?? "";
    expect(await score(up, { endpoint: "keys", key: secondary })).toMatchObject({ status: 200 });
  });

  test("what a model answers besides 200 is a 424 that keeps status and body; no secret leaves", async () => {
    const key = await live("failing", failing);
    const refused = await score(up, { endpoint: "failing", key });
    expect(refused.status).toBe(424);
    expect(refused.headers["ms-azureml-model-error-statuscode"]).toBe("422");
    expect(refused.body).toContain("not for you");
    const raised = await score(up, { endpoint: "failing", key, body: '"raise"' });
    expect(raised.status).toBe(424);
    expect(raised.headers["ms-azureml-model-error-statuscode"]).toBe("500");
    expect(raised.body).not.toContain("secret");
    const logs = await control(up, "GET", "/api/endpoints/failing/deployments/blue/logs?lines=100");
    expect(logs.body).toContain("a secret of the script");
  });

  test("two instances that sleep a second answer two calls in one; the third call waits", async () => {
    const key = await live("sleepers", sleeper, { instance_count: 2 });
    const began = performance.now();
    const body = '{"s": 1}';
    const both = await Promise.all([1, 2].map(() => score(up, { endpoint: "sleepers", key, body })));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(performance.now() - began).toBeLessThan(1900);
  });

  test("a call that takes longer than its deployment allows is a 408, and the next one is answered", async () => {
    const key = await live("late", sleeper, { request_settings: { request_timeout_ms: 300 } });
    expect(await score(up, { endpoint: "late", key, body: '{"s": 1}' })).toMatchObject({ status: 408 });
    const fine = async (): Promise<true | undefined> =>
      (await score(up, { endpoint: "late", key, body: '{"s": 0}' })).status === 200 ? true : undefined;
    await until("an answer after the late one", fine);
  });

  test("more calls than the settings allow are refused with 429 and a time to come back", async () => {
    const settings = { request_settings: { max_concurrent_requests_per_instance: 1 } };
    const key = await live("crowd", sleeper, settings);
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => score(up, { endpoint: "crowd", key, body: '{"s": 0.3}' })),
    );
    const refused = replies.filter(({ status }) => status === 429);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(refused).toHaveLength(4);
    for (const { headers } of refused) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  });

  test("a script that cannot start fails the deployment at once, with its own words", async () => {
    await createEndpoint(up, "broken");
    const began = performance.now();
    const script =
      "import nothing_of_that_name\n\ndef init():\n    pass\n\ndef run(data):\n    return data\n";
    const found = await deployScript(up, { endpoint: "broken", name: "blue", script });
    expect(found.provisioning_state).toBe("Failed");
    expect(found.reason).toContain("nothing_of_that_name");
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test("a new revision takes over without a failed call; a broken one leaves the old one serving", async () => {
    const script = (word: string): string => echo.replace("return data", `return ${JSON.stringify(word)}`);
    const key = await live("revisions", script("one"));
    const seen: (readonly [number, string])[] = [];
    let isOver = false;
    const caller = async (): Promise<void> => {
      while (!isOver) {
        const { status, body } = await score(up, { endpoint: "revisions", key });
        seen.push([status, body]);
      }
    };
    const callers = [caller(), caller()];
    const two = { endpoint: "revisions", name: "blue", script: script("two") };
    expect(await deployScript(up, two)).toMatchObject({ provisioning_state: "Succeeded" });
    const broken = { endpoint: "revisions", name: "blue", script: "raise SystemExit(3)" };
    expect(await deployScript(up, broken)).toMatchObject({ provisioning_state: "Failed" });
    isOver = true;
    await Promise.all(callers);
    expect(seen.filter(([status]) => status !== 200)).toEqual([]);
    expect(seen[0]?.[1]).toBe('"one"');
    expect((await score(up, { endpoint: "revisions", key })).body).toBe('"two"');
  });

  test("deleting a deployment lets its calls end", async () => {
    const key = await live("drained", sleeper);
    const pin = { "azureml-model-deployment": "blue" };
    const call = score(up, { endpoint: "drained", key, body: '{"s": 0.5}', headers: pin });
    await controlJson(up, "PUT", "/api/endpoints/drained/traffic", { traffic: {} });
    await controlJson(up, "DELETE", "/api/endpoints/drained/deployments/blue");
    expect(await call).toMatchObject({ status: 200, body: '"slept"' });
  });
});

describe("a killed hostler up", () => {
  test("comes back with everything it had acknowledged, and leaves no process", async () => {
    const cleanup = new Cleanup();
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    try {
      const first = await startUp({ state: folder.path, args: ["--engine", "process"] });
      const key = await createEndpoint(first, "kept", { tags: { colour: "red" } });
      await deployScript(first, { endpoint: "kept", name: "blue", script: echo });
      await controlJson(first, "PUT", "/api/endpoints/kept/traffic", { traffic: { blue: 100 } });
      await first.server.stop("SIGKILL");
      const second = await startUp({ state: folder.path, args: ["--engine", "process"] });
      cleanup.add(second.stop);
      expect(await controlJson(second, "GET", "/api/endpoints/kept")).toMatchObject({
        tags: { colour: "red" },
        traffic: { blue: 100 },
      });
      // No wait: a call that comes before the instance is up is held until it is.
      expect(await score(second, { endpoint: "kept", key, body: "1" })).toMatchObject({ status: 200 });
    } finally {
      await cleanup.run();
    }
  });
});
