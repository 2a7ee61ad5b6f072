import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { MmsRig, type RigOptions } from "./testing/mms-rig.ts";

const started: MmsRig[] = [];

async function rigOf(options: RigOptions = {}): Promise<MmsRig> {
  const rig = await new MmsRig(options).start();
  started.push(rig);
  return rig;
}

async function load(rig: MmsRig, name: string, more = ""): Promise<string> {
  const { body } = await rig.ask(
    "POST",
    `/models?url=/models/${name}&model_name=${name.split(":")[0] ?? ""}${more}`,
  );
  return body;
}

afterEach(async () => {
  for (const rig of started.splice(0)) await rig.stop();
});

describe("listeners of one API each", () => {
  it("do not answer for the other", async () => {
    const inference = await rigOf({ apis: { inference: true, management: false, metrics: false } });
    const management = await rigOf({ apis: { inference: false, management: true, metrics: false } });
    expect((await inference.ask("GET", "/models")).status).toBe(404);
    expect((await inference.ask("GET", "/ping")).status).toBe(200);
    expect((await management.ask("GET", "/models")).status).toBe(200);
    expect((await management.ask("GET", "/ping")).status).toBe(404);
    expect((await management.ask("POST", "/models/echo/invoke")).status).toBe(404);
  });
});

describe("the APIs' documents", () => {
  const document = z.object({
    openapi: z.literal("3.0.1"),
    info: z.object({ title: z.string(), version: z.literal("1.0.0") }),
    paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))),
  });

  it.each([
    ["Model Server APIs", { inference: true, management: true, metrics: false }, ["/invocations", "/models"]],
    ["Model Serving APIs", { inference: true, management: false, metrics: false }, ["/invocations", "/ping"]],
    [
      "Model Management APIs",
      { inference: false, management: true, metrics: false },
      ["/models", "/models/{model_name}"],
    ],
    ["Metrics APIs", { inference: false, management: false, metrics: true }, ["/metrics"]],
  ] as const)("%s", async (title, apis, paths) => {
    const rig = await rigOf({ apis });
    const root = await rig.ask("OPTIONS", "/");
    expect((await rig.ask("GET", "/api-description")).body).toBe(root.body);
    const { info, paths: described } = document.parse(JSON.parse(root.body));
    expect(info.title).toBe(title);
    expect(Object.keys(described)).toEqual(expect.arrayContaining(["/", ...paths]));
    expect("/invocations" in described).toBe(apis.inference);
    expect("/models" in described).toBe(apis.management);
  });

  it("tell of one model what is known", async () => {
    const rig = await rigOf();
    await load(rig, "echo");
    const { body } = await rig.ask("OPTIONS", "/predictions/echo");
    const { info, paths } = document.parse(JSON.parse(body));
    expect(info.title).toBe("RESTful API for: echo");
    expect(paths).toMatchObject({ "/prediction/echo": { post: { operationId: "echo" } } });
  });
});

describe("describing a model", () => {
  it("names its settings and its workers", async () => {
    const rig = await rigOf();
    await load(rig, "echo", "&batch_size=4&max_batch_delay=50&initial_workers=2");
    const { body } = await rig.ask("GET", "/models/echo");
    expect(JSON.parse(body)).toEqual({
      ...{ modelName: "echo", modelUrl: "/models/echo", runtime: "python", minWorkers: 2, maxWorkers: 2 },
      ...{ batchSize: 4, maxBatchDelay: 50, loadedAtStartup: false },
      workers: ["9000-00000000", "9001-00000001"].map((id) => ({
        ...{ id, startTime: "2023-11-14T22:13:20.000Z", status: "READY", gpu: false, memoryUsage: 4096 },
      })),
    });
  });
});

describe("more workers than there can be", () => {
  it.each([
    ["POST", "/models?url=/models/echo&model_name=crowd&initial_workers=1001", "initial_workers"],
    ["PUT", "/models/echo?min_worker=1001", "min_worker"],
  ])("are refused at once: %s %s", async (method, path, field) => {
    const rig = await rigOf();
    await load(rig, "echo");
    const { status, body } = await rig.ask(method, path);
    expect([status, body]).toEqual([
      400,
      expect.stringContaining(`${field}: expected at most 1000, got 1001`),
    ]);
    expect(JSON.parse((await rig.ask("GET", "/models")).body)).toMatchObject({
      models: [{ modelName: "echo" }],
    });
  });
});

describe("a ping", () => {
  it("says by its status, too, that no worker is left", async () => {
    const rig = await rigOf();
    await load(rig, "dies");
    expect((await rig.ask("GET", "/ping")).body).toContain('"Healthy"');
    // Nothing else can be seen of a worker between its end and its successor: each dies of its call.
    await rig.ask("POST", "/models/dies/invoke");
    await rig.ask("POST", "/models/dies/invoke");
    const { status, body } = await rig.ask("GET", "/ping");
    expect([status, JSON.parse(body)]).toEqual([503, { status: "Unhealthy" }]);
  });
});

describe("bodies", () => {
  it("that are too large are refused before they are sent, where the client asks", async () => {
    const rig = await rigOf();
    const headers = { expect: "100-continue", "content-length": "5000" };
    const { status, body } = await rig.ask("POST", "/models/echo/invoke", { headers });
    expect([status, body]).toEqual([413, ""]);
  });

  it("that come in pieces have a length for the handler", async () => {
    const rig = await rigOf();
    await load(rig, "echo");
    const headers = { "transfer-encoding": "chunked" };
    const { status, body } = await rig.ask("POST", "/models/echo/invoke", { headers, body: "abc" });
    expect([status, body]).toEqual([200, "body:=abc"]);
  });
});

describe("bodies that are not what they say", () => {
  it("are refused, also where a form ends within a file", async () => {
    const rig = await rigOf();
    await load(rig, "echo");
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const body = '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nnot all of i';
    const { status } = await rig.ask("POST", "/models/echo/invoke", { headers, body });
    expect(status).toBe(400);
    expect((await rig.ask("POST", "/models/echo/invoke", { body: "x" })).body).toBe("body:=x");
  });

  it("are refused so that a client hears of it that reads only when it has sent all", async () => {
    const rig = await rigOf();
    const told = await rig.sendThenRead("/models/echo/invoke", Buffer.alloc(4_000_000));
    expect(told).toContain("413 Request Entity Too Large");
  });
});

describe("names", () => {
  it("with slashes and percent signs can be called", async () => {
    const rig = await rigOf();
    await rig.ask("POST", "/models?url=/models/echo&model_name=a%2Fb%25c");
    const { body } = await rig.ask("POST", "/models/a%2Fb%25c/invoke", { body: "x" });
    expect(body).toBe("body:=x");
    expect((await rig.ask("GET", "/models/%zz")).status).toBe(400);
  });
});

describe("what is observed", () => {
  it("has routes, not paths", async () => {
    const rig = await rigOf();
    await load(rig, "echo");
    await rig.ask("POST", "/models/echo/invoke");
    await rig.ask("GET", "/models/nobody");
    await rig.ask("GET", "/somewhere");
    expect(rig.observed).toEqual([
      "/models 200",
      "/models/:model/invoke 200",
      "/models/:model 404",
      "(no such path) 404",
    ]);
  });
});

describe("in TorchServe's words", () => {
  it("models have versions, one of which is the default", async () => {
    const rig = await rigOf({ profile: "torchserve" });
    expect(await load(rig, "echo:1.0")).toContain(
      'Model \\"echo\\" Version: 1.0 registered with 1 initial workers',
    );
    expect(await load(rig, "echo:2.0")).toContain("Version: 2.0");
    expect(await load(rig, "echo:2.0")).toContain("Model version 2.0 is already registered for model echo");
    const versionsAt = async (path: string): Promise<unknown> => {
      const models: unknown = JSON.parse((await rig.ask("GET", path)).body);
      return z
        .array(z.object({ modelVersion: z.string() }))
        .parse(models)
        .map((one) => one.modelVersion);
    };
    expect(await versionsAt("/models/echo")).toEqual(["1.0"]);
    expect(await versionsAt("/models/echo/2.0")).toEqual(["2.0"]);
    expect(await versionsAt("/models/echo/all")).toEqual(["1.0", "2.0"]);
    expect((await rig.ask("POST", "/predictions/echo/2.0", { body: "x" })).body).toBe("body:=x");
    const unknown = await rig.ask("POST", "/predictions/echo/3.0", { body: "x" });
    expect(unknown.body).toContain("Model version: 3.0 does not exist for model: echo");
    expect((await rig.ask("DELETE", "/models/echo/1.0")).status).toBe(403);
    expect((await rig.ask("PUT", "/models/echo/2.0/set-default")).status).toBe(200);
    expect((await rig.ask("DELETE", "/models/echo/1.0")).status).toBe(200);
    expect(await versionsAt("/models/echo")).toEqual(["2.0"]);
    const { body } = await rig.ask("PUT", "/models/echo?min_worker=3&synchronous=true");
    expect(body).toContain('"Workers scaled to 3 for model: echo"');
    const one = await rig.ask("PUT", "/models/echo/2.0?min_worker=1&synchronous=true");
    expect(one.body).toContain("Workers scaled to 1 for model: echo, version: 2.0");
  });
});
