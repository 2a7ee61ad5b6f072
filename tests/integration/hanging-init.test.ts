import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  control,
  controlJson,
  createEndpoint,
  deployScript,
  putScript,
  score,
} from "../support/endpoints.ts";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { until } from "../support/until.ts";

const hanging = `
import time

def init():
    print("init began")
    time.sleep(3600)

def run(data):
    return data
`;
const fine = "def init():\n    pass\n\ndef run(data):\n    return 'fine'\n";
/** Stands for a framework that takes long to import: what a script has imported its zygote imports right after. */
const framework = `
import time
from pathlib import Path

if Path("/proc/self/comm").read_text() == "hostler-zygote\\n":
    time.sleep(60)
`;
const promptMs = 2_000;

const cleanup = new Cleanup();
let up: RunningUp;

beforeEach(async () => {
  const folder = await temporaryFolder();
  cleanup.add(folder.remove);
  await writeFile(join(folder.path, "threadpoolctl.py"), framework);
  up = await startUp({ args: ["--engine", "process"], env: { PYTHONPATH: folder.path } });
  cleanup.add(up.stop);
});
afterEach(() => cleanup.run());

const workers = (): number => up.server.processes().filter(({ name }) => name === "hostler-score").length;

async function deployHanging(endpoint: string, spec: object = {}): Promise<string> {
  const place = await putScript(up, { endpoint, name: "blue", script: hanging, spec });
  await until("init() to hang", async () => {
    const { body } = await control(up, "GET", `${place}/logs`);
    return body.includes("init began") ? true : undefined;
  });
  return place;
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await what();
  return performance.now() - began;
}

describe("a deployment whose init() hangs", () => {
  test("is deleted at once, and its processes go", async () => {
    await createEndpoint(up, "house");
    const place = await deployHanging("house", { environment_variables: { WORKER_COUNT: "2" } });
    expect(await timed(() => controlJson(up, "DELETE", place))).toBeLessThan(promptMs);
    await until("its workers to end", () => (workers() === 0 ? true : undefined), promptMs);
  });

  test("makes way for another revision", async () => {
    const key = await createEndpoint(up, "house");
    await deployHanging("house");
    const found = await deployScript(up, { endpoint: "house", name: "blue", script: fine });
    expect(found.provisioning_state).toBe("Succeeded");
    const headers = { "azureml-model-deployment": "blue" };
    expect((await score(up, { endpoint: "house", key, headers })).body).toBe('"fine"');
    await until("the hanging worker to end", () => (workers() === 1 ? true : undefined), promptMs);
  });

  test("does not keep the server from stopping", async () => {
    await createEndpoint(up, "house");
    await deployHanging("house");
    expect(await timed(() => up.server.stop())).toBeLessThan(promptMs);
  });

  test("fails as soon as one of its workers has failed", async () => {
    await createEndpoint(up, "house");
    const script = `
import os, time

def init():
    try:
        os.close(os.open("${up.state}/first", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        raise ValueError("the second one")
    time.sleep(3600)

def run(data):
    return data
`;
    const spec = { environment_variables: { WORKER_COUNT: "2" } };
    const found = await deployScript(up, { endpoint: "house", name: "blue", script, spec });
    expect(found.provisioning_state).toBe("Failed");
    expect(found.reason).toContain("the second one");
  });
});

describe("a deployment whose frameworks are still being imported ahead", () => {
  beforeEach(async () => {
    await createEndpoint(up, "house");
    const found = await deployScript(up, {
      endpoint: "house",
      name: "blue",
      script: `import threadpoolctl\n${fine}`,
    });
    expect(found.provisioning_state).toBe("Succeeded");
  });

  test("is deleted at once", async () => {
    const place = "/api/endpoints/house/deployments/blue";
    expect(await timed(() => controlJson(up, "DELETE", place))).toBeLessThan(promptMs);
    await until("its worker to end", () => (workers() === 0 ? true : undefined), promptMs);
  });

  test("does not keep the server from stopping", async () => {
    expect(await timed(() => up.server.stop())).toBeLessThan(promptMs);
  });
});
