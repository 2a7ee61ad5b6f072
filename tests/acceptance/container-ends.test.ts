import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routesOn } from "../../src/server/instances/testing/orders.ts";
import { Cleanup } from "../support/cleanup.ts";
import { canHaveEngine, startEngine } from "../support/container-engine.ts";
import { controlJson, createEndpoint, score } from "../support/endpoints.ts";
import { temporaryFolder } from "../support/folders.ts";
import { runOrFail } from "../support/run.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { until } from "../support/until.ts";

const server = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = os.environ["HOSTNAME"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
http.server.ThreadingHTTPServer(("0.0.0.0", 8003), Handler).serve_forever()
`;
const place = "/api/endpoints/boxes/deployments/blue";
const headers = { "azureml-model-deployment": "blue" };
const patienceMs = 60_000;

const eventsSchema = z.array(z.looseObject({ reason: z.string(), message: z.string() }));
const deploymentSchema = z.looseObject({
  instances: z.array(z.looseObject({ state: z.string(), restarts: z.int(), where: z.string().nullable() })),
});
type Instance = z.infer<typeof deploymentSchema>["instances"][number];

describe.skipIf(!canHaveEngine())("a container that somebody else ends", () => {
  const cleanup = new Cleanup();
  let up: RunningUp;
  let key: string;

  beforeAll(async () => {
    const engine = await startEngine();
    cleanup.add(engine.stop);
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    const path = join(folder.path, "image");
    await mkdir(path);
    await writeFile(join(path, "server.py"), server);
    const dockerfile = `FROM ${engine.baseImage}\nCOPY server.py /\nCMD ["python3", "/server.py"]\n`;
    await writeFile(join(path, "Dockerfile"), dockerfile);
    up = await startUp({ env: { DOCKER_HOST: engine.host } });
    cleanup.add(up.stop);
    key = await createEndpoint(up, "boxes");
    const environment = { name: "box", version: "1", build: { path }, inference_config: routesOn(8003) };
    await controlJson(up, "POST", "/api/environments", environment);
    await controlJson(up, "PUT", place, {
      name: "blue",
      endpoint_name: "boxes",
      engine: "container",
      environment: { name: "box", version: "1" },
    });
  }, 900_000);

  afterAll(() => cleanup.run(), 300_000);

  async function instance(): Promise<Instance | undefined> {
    const { instances } = deploymentSchema.parse(await controlJson(up, "GET", place));
    return instances[0];
  }

  function ready(restarts: number): Promise<Instance> {
    const isReady = async (): Promise<Instance | undefined> => {
      const found = await instance();
      return found?.state === "ready" && found.restarts >= restarts ? found : undefined;
    };
    return until("a ready instance", isReady, patienceMs);
  }

  test.each([
    ["podman rm -f", ["rm", "--force"], /its container was removed|killed by signal 9/],
    ["podman kill", ["kill"], /killed by signal 9/],
  ])(
    "with %s is replaced, and an event says so",
    async (_how, command, reason) => {
      const before = await instance();
      const old = await ready(before?.restarts ?? 0);
      const where = old.where ?? "";
      await runOrFail(["podman", "--storage-driver=vfs", ...command, where]);
      const next = await ready(old.restarts + 1);
      expect(next.where).not.toBe(where);
      expect(await score(up, { endpoint: "boxes", key, headers })).toMatchObject({ status: 200 });
      const events = eventsSchema.parse(await controlJson(up, "GET", "/api/endpoints/boxes/events"));
      const ended = events.filter(({ reason: found }) => found === "InstanceEnded").at(-1);
      expect(ended?.message).toMatch(reason);
      expect(ended?.message).toMatch(/It is started again in \d+ ms\./);
      const left = await runOrFail(["podman", "--storage-driver=vfs", "ps", "--all", "--quiet"]);
      expect(left).not.toContain(where);
    },
    120_000,
  );
});
