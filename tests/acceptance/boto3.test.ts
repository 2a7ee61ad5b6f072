import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { botoInterpreter } from "../support/boto3.ts";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { type RunningMoto, startMoto } from "../support/moto.ts";
import { hostlerCommand, root } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";
import { until } from "../support/until.ts";
import { type RunningUp, startUp } from "../support/up.ts";

const cleanup = new Cleanup();
const models = 200;
/** What one model holds, in MiB: the budget of the test is for some twenty of them. */
const ballast = 14;
const minutes = 60_000;

let interpreter: string;
let folder: string;
let moto: RunningMoto;
let up: RunningUp;

beforeAll(async () => {
  interpreter = await botoInterpreter();
  const scratch = await temporaryFolder();
  cleanup.add(scratch.remove);
  folder = scratch.path;
  await runOrFail([
    interpreter,
    script("boto3_models.py"),
    join(folder, "many"),
    String(models),
    String(ballast),
  ]);
  moto = await startMoto(interpreter);
  cleanup.add(() => moto.stop());
  up = await startUp({
    args: ["--engine", "process"],
    env: { ...credentials, AWS_ENDPOINT_URL_S3: moto.url },
  });
  cleanup.add(() => up.stop());
}, 10 * minutes);

afterAll(() => cleanup.run());

const credentials = {
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local-secret",
} as const;

function script(name: string): string {
  return join(root, "tests", "acceptance", name);
}

/** The variables that `--print-env` would print for this data port. */
function clientOf(url: string): Readonly<Record<string, string>> {
  return { ...credentials, AWS_ENDPOINT_URL_SAGEMAKER: url, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url };
}

async function python(args: readonly string[], env: Readonly<Record<string, string>>): Promise<unknown> {
  const printed = await runOrFail([interpreter, "-B", ...args], { env, timeoutMs: 10 * minutes });
  return JSON.parse(printed.trimEnd().split("\n").at(-1) ?? "");
}

const validation = ["ValidationError", 400, expect.any(String), {}];

describe("boto3, unmodified", () => {
  test(
    "calls 200 models with memory for twenty, splits traffic, updates, streams, and is told of every error",
    async () => {
      await mkdir(join(folder, "scratch"));
      const args = [
        script("boto3_client.py"),
        `file://${folder}/many/`,
        String(models),
        join(folder, "scratch"),
      ];
      const seen = await python(args, clientOf(up.url));
      expect(seen).toMatchObject({
        many: {
          status: "InService",
          right: models + 50,
          of: models + 50,
          nested: [7],
          accented: [9],
          invoked: "AllTraffic",
          content_type: "application/json",
          warm_is_fast: true,
        },
        errors: {
          "too large": [
            "ModelError",
            424,
            expect.stringMatching(/\(507\).*Model model-1\.tar\.gz does not fit/),
            { OriginalStatusCode: 507 },
          ],
          component: validation,
          "attributes too long": validation,
          "a header that is none": [
            "ModelError",
            424,
            expect.stringContaining("Custom-Attributes"),
            { OriginalStatusCode: 500 },
          ],
          "no such model": validation,
          "no target": validation,
          outside: validation,
          "no such endpoint": validation,
          "no such variant": validation,
          "bad input": ["ModelError", 424, expect.any(String), { OriginalStatusCode: 500 }],
          "does not load": ["ModelError", 424, expect.stringContaining("a factor has to be positive"), {}],
          dies: ["ModelError", 424, expect.any(String), { OriginalStatusCode: 0 }],
          "serves again": [1],
          "describe nobody": ["ClientError", 400, expect.stringContaining("Could not find endpoint"), {}],
          taken: ["ClientError", 400, expect.stringContaining("already existing model"), {}],
          "bad name": ["ClientError", 400, expect.stringContaining("regular expression pattern"), {}],
          "unknown operation": ["ClientError", 400, expect.stringContaining("ListTrainingJobs"), {}],
        },
        weights: {
          before: { a: 180, b: 20 },
          pinned: "b",
          after: { a: 25, b: 75 },
          described: [
            ["a", 1, 1],
            ["b", 3, 2],
          ],
          "target of a single model": validation,
        },
        update: {
          during: ["ClientError", 400, expect.stringContaining("in-progress"), {}],
          all_answered: true,
          now: [5],
          kept: ["five", expect.stringContaining("Failed to download model data"), [5]],
          failed: "Failed",
        },
        stream: { text: "[15]", content_type: "application/json", failure: "ModelError" },
        async: { status: 202, id: "good", answer: "[8]", failure: true, synchronous: validation },
        lists: {
          models: ["five", "many", "missing", "two", "two-later"],
          endpoints: ["never"],
          configs: 2,
          tags: [{ Key: "stage", Value: "live" }],
          model: "any:1",
        },
        remove: {
          left: ["many"],
          again: ["ClientError", 400, expect.stringContaining("Could not find model"), {}],
        },
      });
      const metrics = await (await fetch(`${up.controlUrl}/metrics`)).text();
      const loaded = valueOf(metrics, "LoadedModelCount");
      expect(loaded).toBeGreaterThan(10);
      expect(loaded).toBeLessThan(30);
      expect(valueOf(metrics, "Invocations")).toBeGreaterThan(models + 50);
      const env = { HOSTLER_URL: up.controlUrl };
      const shown = await runOrFail([hostlerCommand, "endpoints", "metrics", "many", "-o", "json"], { env });
      expect(shown).toContain("ModelCacheHit");
    },
    10 * minutes,
  );

  test(
    "finds models in S3, answers into it, and keeps shadows to themselves",
    async () => {
      const env = { ...clientOf(up.url), AWS_ENDPOINT_URL_S3: moto.url };
      const seen = await python([script("boto3_s3_client.py"), join(folder, "many")], env);
      expect(seen).toEqual({
        answers: [[10], [20], [30], [10]],
        kept: [30],
        missing: ["ValidationError", expect.stringContaining("bucket: models, key: many/model-999.tar.gz")],
        async: "[42]",
        prefix: true,
      });
      const counted = async (): Promise<number | undefined> => {
        const metrics = await (await fetch(`${up.controlUrl}/metrics`)).text();
        const copies = valueOf(metrics, "Invocations", 'EndpointName="s3-many",VariantName="s"');
        return copies >= 3 ? copies : undefined;
      };
      // Six calls, one of them for no model: half of them are copied.
      expect(await until("the shadow's copies", counted)).toBe(3);
    },
    5 * minutes,
  );
});

describe("a key pair", () => {
  const state = z.object({ status: z.string(), answer: z.array(z.int()).nullable() });
  const ask = `
import boto3, json
sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")
answer = runtime.invoke_endpoint(EndpointName="kept", TargetModel="team/seven.tar.gz", ContentType="application/json", Body="[6]")
print(json.dumps({"answer": json.loads(answer["Body"].read()), "status": sagemaker.describe_endpoint(EndpointName="kept")["EndpointStatus"]}))
`;
  const make = `
import boto3, sys
sagemaker = boto3.client("sagemaker")
sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "x", "Mode": "MultiModel", "ModelDataUrl": sys.argv[1]})
variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "local"}
sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="c")
print("null")
`;

  test("is asked for where one is set, and what was acknowledged outlives a kill", async () => {
    const pair = { HOSTLER_AWS_ACCESS_KEY_ID: "mine", HOSTLER_AWS_SECRET_ACCESS_KEY: "very secret" };
    const own = await temporaryFolder();
    cleanup.add(own.remove);
    const signed = (url: string): Readonly<Record<string, string>> => ({
      ...clientOf(url),
      AWS_ACCESS_KEY_ID: "mine",
      AWS_SECRET_ACCESS_KEY: "very secret",
    });
    const options = { args: ["--engine", "process"], env: pair, state: join(own.path, "state") };
    const first = await startUp(options);
    cleanup.add(() => first.stop().catch(() => undefined));
    await python(["-c", make, `file://${folder}/many`], signed(first.url));
    const wrong = { ...signed(first.url), AWS_SECRET_ACCESS_KEY: "another" };
    await expect(python(["-c", ask], wrong)).rejects.toThrow("AccessDeniedException");
    const unsigned = await fetch(`${first.url}/endpoints/kept/invocations`, { method: "POST", body: "[1]" });
    expect(unsigned.status).toBe(403);
    process.kill(first.server.pid, "SIGKILL");
    await first.server.exited;
    const second = await startUp(options);
    cleanup.add(() => second.stop());
    expect(state.parse(await python(["-c", ask], signed(second.url)))).toEqual({
      status: "InService",
      answer: [42],
    });
  }, 300_000);
});

/** Of the first series with these labels. */
function valueOf(metrics: string, name: string, labels = 'EndpointName="many"'): number {
  const line = metrics.split("\n").find((one) => one.startsWith(`${name}{`) && one.includes(labels));
  return Number(line?.split(" ").at(-1));
}
