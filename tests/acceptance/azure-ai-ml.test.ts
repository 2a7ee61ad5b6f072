import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { azureInterpreter } from "../support/azure-ai-ml.ts";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { root } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";
import { until } from "../support/until.ts";
import { startUp, type RunningUp } from "../support/up.ts";

const cleanup = new Cleanup();
let up: RunningUp;
let bundle: string;

beforeAll(async () => {
  up = await startUp({ args: ["--engine", "process"] });
  cleanup.add(() => up.stop());
  bundle = join(up.state, "certificates", "client-bundle.pem");
});

afterAll(() => cleanup.run());

describe("azure-ai-ml, unmodified", () => {
  test("deploys local folders, splits traffic, calls, reads logs and keys, and cleans up", async () => {
    const interpreter = await azureInterpreter();
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    const script = join(root, "tests", "acceptance", "azure_ai_ml_client.py");
    const printed = await runOrFail([interpreter, "-B", script, folder.path], {
      env: { AZUREML_DEV_URL_MFE: up.tlsUrl, REQUESTS_CA_BUNDLE: bundle },
      timeoutMs: 300_000,
    });
    const seen: unknown = JSON.parse(printed.trimEnd().split("\n").at(-1) ?? "");
    expect(seen).toMatchObject({
      deploy: {
        endpoint: ["Succeeded", "key", { a: "b" }, "made by a script"],
        scoring_uri: `${up.url}/endpoints/sdk-endpoint/score`,
        blue: ["Succeeded", 1, 90_000],
        green: ["Succeeded", 1, 90_000],
        traffic: { blue: 80, green: 20 },
      },
      use: {
        by_traffic: { blue: 16, green: 4 },
        pinned: { deployment: "green", result: [3, 6] },
        keys_changed: [true, false],
      },
      update: {
        updated: ["Succeeded", 2, { stage: "live" }],
        endpoints: ["sdk-endpoint"],
        deployments: ["blue", "green"],
        environment: ["CliV2AnonymousEnvironment"],
        workspace: "local",
      },
      register: {
        versions: ["1", "2", "7"],
        latest: "2",
        tags: { good: "yes" },
        listed: ["2"],
        names: ["factor", "large"],
        is_download_equal: true,
        built: ["1", "Dockerfile"],
        conflict: "ResourceExistsError",
      },
      fail: { state: "Failed" },
      remove: { left: ["green"], is_gone: true },
    });
    const { use, fail } = texts.parse(seen);
    expect(use.logs).toContain("factor is 2");
    expect(fail.reason).toContain("no such luck");
  }, 900_000);
});

const texts = z.object({ use: z.object({ logs: z.string() }), fail: z.object({ reason: z.string() }) });

const score = `
def init():
    print("begun")

def run(data):
    return data
`;

/** The calls that Azure's own sample makes with curl, one after the other. */
describe("plain REST", () => {
  const workspace =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
  const endpoint = `${workspace}/onlineEndpoints/rest-endpoint`;
  let client: Agent;

  beforeAll(async () => {
    client = new Agent({ connect: { ca: await readFile(bundle, "utf8") } });
    cleanup.add(() => client.close());
  });

  async function call(method: string, path: string, body?: string | object): Promise<unknown> {
    const url = path.startsWith("https://") ? path : `${up.tlsUrl}${path}`;
    const reply = await fetch(url, {
      method,
      headers: { authorization: "Bearer any", "x-ms-blob-type": "BlockBlob" },
      body: typeof body === "object" ? JSON.stringify(body) : (body ?? null),
      dispatcher: client,
    });
    const text = await reply.text();
    if (reply.status === 404) return "gone";
    if (!reply.ok) throw new Error(`${method} ${path}: ${String(reply.status)} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  async function whenDone(resource: unknown): Promise<string> {
    const { properties } = operation.parse(resource);
    for (;;) {
      const { status } = state.parse(await call("GET", properties.properties.AzureAsyncOperationUri));
      if (status !== "InProgress") return status;
    }
  }

  test("uploads, registers, deploys, calls and deletes", async () => {
    const { value } = datastores.parse(await call("GET", `${workspace}/datastores?isDefault=true`));
    const [store] = value;
    const container = `https://${store.properties.accountName}.blob.core.windows.net/${store.properties.containerName}`;
    await call("PUT", `${container}/score/score.py?sig=any`, score);
    await call("PUT", `${container}/model/model.txt?sig=any`, "model");
    const ids = await Promise.all([
      call("PUT", `${workspace}/codes/score/versions/1`, { properties: { codeUri: `${container}/score` } }),
      call("PUT", `${workspace}/models/model/versions/1`, {
        properties: {
          modelUri: `azureml:/${workspace.replace("/providers/Microsoft.MachineLearningServices", "")}/datastores/${store.name}/paths/model`,
        },
      }),
      call("PUT", `${workspace}/environments/env/versions/1`, {
        properties: { image: "image", condaFile: "name: env\ndependencies:\n  - python\n" },
      }),
    ]);
    const [codeId, model, environmentId] = ids.map((made) => identified.parse(made).id);
    const body = { identity: { type: "systemAssigned" }, properties: { authMode: "AMLToken" } };
    expect(await whenDone(await call("PUT", endpoint, body))).toBe("Succeeded");
    const deployment = {
      sku: { capacity: 1, name: "Standard_F2s_v2" },
      properties: {
        endpointComputeType: "Managed",
        scaleSettings: { scaleType: "Default" },
        model,
        codeConfiguration: { codeId, scoringScript: "score.py" },
        environmentId,
      },
    };
    const made = await call("PUT", `${endpoint}/deployments/blue`, deployment);
    expect(await whenDone(made)).toBe("Succeeded");
    await call("PATCH", endpoint, { properties: { traffic: { blue: 100 } } });
    const { accessToken } = token.parse(await call("POST", `${endpoint}/token`));
    const { properties } = scored.parse(await call("GET", endpoint));
    const answer = await fetch(properties.scoringUri, {
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      body: '{"a": 1}',
    });
    expect([answer.status, await answer.json()]).toStrictEqual([200, '{"a": 1}']);
    expect(await call("POST", `${endpoint}/deployments/blue/getLogs`, { tail: 100 })).toMatchObject({
      content: matching(/begun/),
    });
    await call("DELETE", endpoint);
    const isGone = async (): Promise<true | undefined> =>
      (await call("GET", endpoint)) === "gone" ? true : undefined;
    expect(await until("the endpoint to be gone", isGone)).toBe(true);
  });
});

const operation = z.object({
  properties: z.object({ properties: z.object({ AzureAsyncOperationUri: z.url() }) }),
});
const state = z.object({ status: z.string() });
const identified = z.object({ id: z.string() });
const token = z.object({ accessToken: z.string() });
const scored = z.object({ properties: z.object({ scoringUri: z.url() }) });
const store = z.object({
  name: z.string(),
  properties: z.object({ accountName: z.string(), containerName: z.string() }),
});
const datastores = z.object({ value: z.tuple([store]) });

function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
