import { afterEach, beforeEach, expect, test } from "vitest";
import { deploymentNameSchema } from "../../../contracts/control/names.ts";
import { type ControlStub, startControl } from "../../testing/control-stub.ts";
import { type CliResult, runCli } from "../../testing/run-cli.ts";

let control: ControlStub;

beforeEach(async () => {
  control = await startControl();
  await runCli(["ml", "online-endpoint", "create", "-n", "shop"], {
    environment: { HOSTLER_URL: control.url },
  });
});
afterEach(async () => {
  await control[Symbol.asyncDispose]();
});

async function hostler(...words: readonly string[]): Promise<CliResult> {
  return await runCli(words, { environment: { HOSTLER_URL: control.url } });
}

test("rollout start says what it will do", async () => {
  expect(
    await hostler("rollout", "start", "shop", "--to", "green", "--steps", "5,50", "--max-p99-ratio", "off"),
  ).toEqual({
    exitCode: 0,
    out: [
      "Deployment       green",
      "State            running: step 1 of 3, at 5 %",
      "Steps            5 %, 50 %, 100 %; 60 s each",
      "Traffic before   blue=100",
      "Guard rails      errors at most 1 % more; from 20 calls on",
      "Started          2026-01-01T00:00:00.000Z",
      "",
    ].join("\n"),
    err: "",
  });
});

test("rollout start --wait follows it to its end, and a roll back is a failure", async () => {
  control.rollouts.states = [{ step: 1 }, { state: "succeeded", step: 2 }];
  const { exitCode, err } = await hostler("rollout", "start", "shop", "--to", "green", "--wait");
  expect({ exitCode, err }).toEqual({
    exitCode: 0,
    err: "running: step 1 of 3, at 10 %\nrunning: step 2 of 3, at 50 %\nsucceeded\n",
  });
  control.rollouts.states = [{ state: "rolled_back", reason: "5 % of calls failed, with blue 0 %." }];
  const rolledBack = await hostler("rollout", "start", "shop", "--to", "green", "--wait");
  expect(rolledBack.exitCode).toBe(1);
  expect(rolledBack.out).toContain("Rolled back      5 % of calls failed, with blue 0 %.");
});

test.each([
  [["--steps", "0,50"], "--steps takes percentages from 1 to 100"],
  [["--max-p99-ratio", "0.5"], "--max-p99-ratio takes a number from 1, or off"],
  [["--max-error-increase", "x"], "--max-error-increase takes a number from 0, or off"],
])("rollout start %j is refused", async (words, message) => {
  const { exitCode, err } = await hostler("rollout", "start", "shop", "--to", "green", ...words);
  expect(exitCode).toBe(2);
  expect(err).toContain(message);
});

test("rollout start needs to know where to", async () => {
  expect((await hostler("rollout", "start", "shop")).err).toContain("Name it with --to.");
});

test("rollout status, before there is one and after", async () => {
  expect((await hostler("rollout", "status", "shop")).err).toContain(
    "hostler rollout start shop --to DEPLOYMENT",
  );
  expect((await hostler("rollout", "status", "shop", "-o", "json")).out).toBe("null\n");
  await hostler("rollout", "start", "shop", "--to", "green");
  expect((await hostler("rollout", "status", "shop")).out).toContain("State            running");
});

test("rollout cancel, undo and history", async () => {
  expect((await hostler("rollout", "cancel", "shop", "--undo")).out).toContain("State            cancelled");
  expect(control.rollouts.cancelled).toEqual([true]);
  expect((await hostler("rollout", "undo", "shop")).out).toContain("Endpoint   shop");
  await hostler("rollout", "undo", "shop", "--revision", "3");
  expect(control.history.undone).toEqual([null, 3]);
  expect((await hostler("rollout", "history", "shop")).out).toBe(
    [
      "REVISION   AT                         WHO          WHAT      CHANGED",
      "       2   2026-01-01T00:00:00.000Z   hostler ml   traffic   traffic.green: 0 → 20",
      "",
    ].join("\n"),
  );
});

test("endpoints ls, metrics, events and mirror", async () => {
  expect((await hostler("endpoints", "ls")).out).toContain("shop       Succeeded   -");
  expect((await hostler("endpoints", "ls", "-q")).out).toBe("shop\n");
  expect((await hostler("endpoints", "events", "shop", "-q")).out).toBe("EndpointCreated\nInstanceFailed\n");
  expect((await hostler("endpoints", "metrics", "shop")).err).toBe("Endpoint shop has no deployments.\n");
  expect((await hostler("endpoints", "mirror", "shop")).err).toContain("mirrors nothing");
  control.history.compared = {
    ...{
      deployment: deploymentNameSchema.parse("green"),
      compared: 10,
      agreed: 9,
      disagreed: 1,
      dropped: 2,
      failed: 0,
    },
    ...{ largest_difference: 0.5, median_latency_difference_ms: -1.25 },
    examples: [{ request: "[1]", live: "[2]", mirrored: "[3]" }],
  };
  const { out } = await hostler("endpoints", "mirror", "shop");
  expect(out).toContain("Agreed               9 (90.0 %)");
  expect(out).toContain("1.3 ms faster at the median");
  expect(out).toContain("  mirrored  [3]");
});

test("an endpoint that is not there ends with status 3", async () => {
  expect((await hostler("endpoints", "metrics", "nothing")).exitCode).toBe(3);
});
