import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, postJson, send, type HttpReply } from "../support/http.ts";
import { infer, inferRequest, outputData } from "../support/infer.ts";
import { readMetrics } from "../support/metrics.ts";
import { repositoryOf } from "../support/models.ts";

const origin = "https://dashboard.example";
const takesGzip = { "accept-encoding": "gzip" };
const manyRows = Array.from({ length: 500 }, (_, index) => [index]);

/** What MLServer's dashboards read. */
const mlserverNames = [
  "model_infer_request_success_total",
  "model_infer_request_failure_total",
  "model_infer_request_duration_count",
  "model_infer_request_duration_sum",
  "batch_request_queue_bucket",
  "parallel_request_queue_bucket",
  "rest_server_requests_total",
  "rest_server_request_duration_seconds_bucket",
  "rest_server_requests_in_progress",
];

describe("settings.json", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("plain", "line@v1");
    cleanup.add(folder.remove);
    const settings = {
      root_path: "/team/models",
      server_name: "stable",
      extensions: ["one", "two"],
      metrics_endpoint: "/numbers",
      metrics_rest_server_prefix: "edge",
      cors_settings: {
        allow_origins: [origin],
        allow_origin_regex: "https://.*\\.corp\\.example",
        allow_credentials: true,
        allow_methods: ["GET", "POST"],
        allow_headers: ["content-type", "authorization"],
        expose_headers: ["ce-id"],
        max_age: 123,
      },
    };
    await writeFile(join(folder.path, "settings.json"), JSON.stringify(settings));
    server = await startHostler({ repository: folder.path });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  describe("cors_settings", () => {
    function preflight(from: string): Promise<HttpReply> {
      return send(server.url, {
        method: "OPTIONS",
        path: "/v2/models/plain/infer",
        headers: {
          origin: from,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
        },
      });
    }

    test("a browser's preflight is answered as the settings say", async () => {
      const { status, headers } = await preflight(origin);
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, authorization",
        "access-control-max-age": "123",
      });
      expect(headers.vary).toMatch(/origin/i);
    });

    test("a prediction carries the headers that let the page read it", async () => {
      const request = inferRequest("plain", [[4]], { headers: { origin } });
      const reply = await send(server.url, request);
      expect(outputData(reply)).toEqual([2]);
      expect(reply.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "ce-id",
      });
    });

    test("a compressed one says what it varies with: both", async () => {
      const { headers } = await infer(server.url, "plain", manyRows, { headers: { origin, ...takesGzip } });
      expect([headers["content-encoding"], headers.vary]).toEqual(["gzip", "Origin, Accept-Encoding"]);
    });

    test("so does what was refused: the page must be able to show why", async () => {
      const wrong = { ...inferRequest("plain", [[4]], { headers: { origin } }), body: "{" };
      for (const request of [
        wrong,
        { ...wrong, path: "/v2/models/nothing/infer" },
        { ...wrong, path: "/nothing" },
      ]) {
        const reply = await send(server.url, request);
        expect(reply.status).toBeGreaterThanOrEqual(400);
        expect(reply.headers["access-control-allow-origin"]).toBe(origin);
      }
    });

    test("origins that match the expression as a whole are allowed, others are not", async () => {
      const allowed = "https://a.b.corp.example";
      expect((await preflight(allowed)).headers["access-control-allow-origin"]).toBe(allowed);
      for (const other of [
        "https://evil.example",
        "https://a.corp.example.evil.example",
        "http://a.corp.example",
        "null",
      ]) {
        const { headers } = await preflight(other);
        expect([other, headers["access-control-allow-origin"]]).toEqual([other, undefined]);
      }
    });
  });

  describe("root_path", () => {
    test("is found with the prefix and without, as behind either kind of proxy", async () => {
      for (const prefix of ["", "/team/models"]) {
        expect([prefix, (await get(server.url, `${prefix}/v2/health/ready`)).status]).toEqual([prefix, 200]);
        expect((await get(server.url, `${prefix}/`)).status).toBe(200);
        const request = inferRequest("plain", [[4]]);
        const reply = await send(server.url, { ...request, path: `${prefix}${request.path}?model_version=` });
        expect(outputData(reply)).toEqual([2]);
      }
      expect((await get(server.url, "/team/models")).status).toBe(200);
    });

    test("is no more than a prefix", async () => {
      for (const path of ["/team", "/team/modelsv2", "/other/v2", "/team/models/team/models/v2"])
        expect([path, (await get(server.url, path)).status]).toEqual([path, 404]);
    });
  });

  test("server_name and extensions are in /v2 and in the reply headers", async () => {
    expect(JSON.parse((await get(server.url, "/v2")).body)).toMatchObject({
      name: "stable",
      extensions: ["one", "two"],
    });
    const { headers } = await infer(server.url, "plain", [[1]]);
    expect(headers["ce-inferenceservicename"]).toBe("stable");
  });

  test("metrics_endpoint and metrics_rest_server_prefix move and rename the metrics", async () => {
    const { pathname, origin: base } = new URL(server.metricsUrl);
    expect(pathname).toBe("/numbers");
    expect((await get(base, "/metrics")).status).toBe(404);
    expect((await get(server.url, "/numbers")).status).toBe(404);
    await infer(server.url, "plain", [[1]]);
    const names = new Set([...(await readMetrics(server)).keys()].map(nameOf));
    expect(names).toContain("edge_requests_total");
    expect([...names].filter((name) => name.startsWith("rest_server"))).toEqual([]);
  });
});

describe("metrics and flags", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("plain", "line@v1", "line@v2");
    cleanup.add(folder.remove);
    server = await startHostler({ repository: folder.path, args: ["--no-gzip"] });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  test("counts every call once, under MLServer's names and labels and under our own", async () => {
    const good = 37;
    const replies = await Promise.all(Array.from({ length: good }, () => infer(server.url, "plain", [[1]])));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    for (let index = 0; index < 5; index += 1) await infer(server.url, "plain", [[1, 2]]);
    for (let index = 0; index < 3; index += 1) await infer(server.url, "line", [[1]], { version: "v1" });
    await infer(server.url, "line", [[1]]);
    for (const name of ["nothing", "neither"]) await infer(server.url, name, [[1]]);
    await get(server.url, "/v2/models/plain");
    await postJson(server.url, "/v2/repository/index", {});

    const metrics = await readMetrics(server);
    const plain = 'model="plain",version=""';
    const unnamed = 'model="plain",version="None"';
    const rest = (method: string, path: string, status: number): string =>
      `rest_server_requests_total{app_name="mlserver",method="${method}",path="${path}",status_code="${String(status)}"}`;
    const expected: Record<string, number> = {
      [`model_infer_request_success_total{${unnamed}}`]: good,
      [`model_infer_request_failure_total{${unnamed}}`]: 5,
      [`model_infer_request_duration_count{${unnamed}}`]: good + 5,
      'model_infer_request_success_total{model="line",version="v1"}': 3,
      'model_infer_request_success_total{model="line",version="None"}': 1,
      'model_infer_request_failure_total{model="_unknown",version="None"}': 2,
      [`hostler_requests_total{${plain},code="OK"}`]: good,
      [`hostler_requests_total{${plain},code="INVALID_INPUT"}`]: 5,
      [`hostler_request_duration_seconds_count{${plain}}`]: good + 5,
      [`hostler_batch_rows_sum{${plain}}`]: good,
      [`hostler_batch_size_sum{${plain}}`]: good,
      'hostler_requests_total{model="line",version="v1",code="OK"}': 3,
      'hostler_requests_total{model="line",version="v2",code="OK"}': 1,
      [rest("POST", "/v2/models/{model_name}/infer", 200)]: good + 1,
      [rest("POST", "/v2/models/{model_name}/infer", 400)]: 5,
      [rest("POST", "/v2/models/{model_name}/infer", 404)]: 2,
      [rest("POST", "/v2/models/{model_name}/versions/{model_version}/infer", 200)]: 3,
      [rest("GET", "/v2/models/{model_name}", 200)]: 1,
      [rest("POST", "/v2/repository/index", 200)]: 1,
    };
    const got = Object.fromEntries(Object.keys(expected).map((series) => [series, metrics.get(series)]));
    expect(got).toEqual(expected);
    expect(metrics.get(`hostler_batch_size_count{${plain}}`)).toBeLessThanOrEqual(good);
    expect([...metrics.keys()].join("\n")).not.toMatch(/nothing|neither|health/);
  });

  test("--no-gzip leaves replies as they are", async () => {
    const { headers } = await infer(server.url, "plain", manyRows, { headers: takesGzip });
    expect(headers).not.toHaveProperty("content-encoding");
    expect(Number(headers["content-length"])).toBeGreaterThan(500);
  });

  test("has every name that MLServer's dashboards read", async () => {
    await infer(server.url, "plain", [[1]]);
    await infer(server.url, "plain", [[1, 2]]);
    const names = new Set([...(await readMetrics(server)).keys()].map(nameOf));
    expect(mlserverNames.filter((name) => !names.has(name))).toEqual([]);
  });

  test("tells of memory, states and the build", async () => {
    const metrics = await readMetrics(server);
    expect(metrics.get("hostler_memory_bytes")).toBeGreaterThan(20e6);
    expect(metrics.get('hostler_model_state{model="plain",version="",state="ready"}')).toBe(1);
    expect(metrics.get('hostler_model_state{model="plain",version="",state="failed"}')).toBe(0);
    expect([...metrics.keys()].filter((series) => series.startsWith("hostler_build_info{"))).toHaveLength(1);
  });

  test("writes what Prometheus reads: each family once, with its type before its samples", async () => {
    const { pathname, origin: base } = new URL(server.metricsUrl);
    const { headers, body } = await get(base, pathname);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = [...body.matchAll(/^# TYPE (\S+) (counter|gauge|histogram|summary)$/gm)].map(
      ([, name]) => name,
    );
    expect(new Set(families).size).toBe(families.length);
    const [lines, series] = [body.trimEnd().split("\n"), [...(await readMetrics(server)).keys()]];
    expect(
      lines.filter(
        (line) => !/^(?:# (?:HELP|TYPE) \S+ .+|\w+(?:\{.*\})? (?:[-+.\de]+|[-+]Inf|NaN))$/.test(line),
      ),
    ).toEqual([]);
    expect(new Set(series).size).toBe(series.length);
  });
});

function nameOf(series: string): string {
  return series.replace(/\{.*/, "");
}
