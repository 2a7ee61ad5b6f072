import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { control, createEndpoint, deployScript, score } from "../support/endpoints.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { until } from "../support/until.ts";

const greedy = `
import json, os

def init():
    pass

def run(data):
    return [os.getpid(), len(bytearray(json.loads(data)["mib"] << 20))]
`;
const limits = { type: "kubernetes", resources: { limits: { memory: "256Mi" } } };
const headers = { "azureml-model-deployment": "blue" };

describe("a scoring script with a limit of memory", () => {
  const cleanup = new Cleanup();
  let up: RunningUp;

  beforeAll(async () => {
    up = await startUp({ args: ["--engine", "process"] });
    cleanup.add(up.stop);
  });
  afterAll(() => cleanup.run());

  test("fails the call that needs more, with the limit, and is replaced; calls behind it are answered", async () => {
    const key = await createEndpoint(up, "greedy", { status_mode: "transparent" });
    const found = await deployScript(up, { endpoint: "greedy", name: "blue", script: greedy, spec: limits });
    expect(found).toMatchObject({ provisioning_state: "Succeeded" });
    const ask = (mib: number): ReturnType<typeof score> =>
      score(up, { endpoint: "greedy", key, headers, body: JSON.stringify({ mib }) });
    const first = await ask(1);
    const replies = await Promise.all([ask(512), ask(1), ask(1), ask(1)]);
    expect(replies.map(({ status }) => status)).toEqual([500, 200, 200, 200]);
    expect(replies[0].body).toContain("resources.limits.memory is 256 MiB");
    expect(await ask(1)).toMatchObject({ status: 200 });
    expect((await ask(1)).body.split(",")[0]).not.toBe(first.body.split(",")[0]);
    await until("a line of the log about it", async () => {
      const { body } = await control(up, "GET", "/api/endpoints/greedy/deployments/blue/logs?lines=100");
      return body.includes("resources.limits.memory is 256 MiB") && body.includes("is replaced")
        ? true
        : undefined;
    });
  });

  test("says so where its init() needs more", async () => {
    await createEndpoint(up, "hungry");
    const script = "def init():\n    bytearray(512 << 20)\n\ndef run(data):\n    return data\n";
    const found = await deployScript(up, { endpoint: "hungry", name: "blue", script, spec: limits });
    expect(found.provisioning_state).toBe("Failed");
    expect(found.reason).toContain("resources.limits.memory is 256 MiB");
  });
});
