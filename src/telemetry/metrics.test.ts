import { beforeEach, describe, expect, it } from "vitest";
import type { ModelVersion } from "../core/models/model-version.ts";
import { ModelRegistry } from "../core/models/registry.ts";
import { ServerMetrics } from "./metrics.ts";
import { type MetricFamily, parsePrometheus, type Sample } from "./testing/prometheus-text.ts";
import { inferRoute, modelOf, readyRoute, requestOf } from "./testing/requests.ts";

const unversionedRoute = "/v2/models/:name/infer";

let registry: ModelRegistry;
let metrics: ServerMetrics;
let digits: ModelVersion;

beforeEach(() => {
  registry = new ModelRegistry("natural");
  metrics = new ServerMetrics({
    registry,
    probe: { measure: () => Promise.resolve(123_456_789) },
    memoryBudgetBytes: 2 ** 30,
    version: "1.2.3",
    restPrefix: "rest_server",
    inferenceRoutes: [inferRoute, unversionedRoute],
    healthRoutes: [readyRoute],
  });
  digits = modelOf("digits@v1");
  registry.put(digits);
});

async function scrape(): Promise<ReadonlyMap<string, MetricFamily>> {
  return parsePrometheus((await metrics.exposition()).text);
}

/** Values of a family, by what the labels given here do not say. */
async function values(
  family: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<readonly Sample[]> {
  const { samples } = (await scrape()).get(family) ?? { samples: [] };
  return samples.filter((sample) =>
    Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  );
}

async function valueOf(
  family: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const found = await values(family, labels);
  expect(found.length).toBeLessThan(2);
  return found[0]?.value;
}

function answer(fields: Parameters<typeof requestOf>[0] = {}): void {
  metrics.started();
  metrics.ended(requestOf({ model: digits, requestedVersion: "v1", ...fields }));
}

describe("the exposition", () => {
  it("has every family from the start, as Prometheus reads it", async () => {
    const { contentType, text } = await metrics.exposition();
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = [...parsePrometheus(text)].map(([name, { type }]) => `${type} ${name}`);
    expect(families.sort()).toMatchInlineSnapshot(`
      [
        "counter hostler_cold_starts_total",
        "counter hostler_model_evictions_total",
        "counter hostler_model_loads_total",
        "counter hostler_rejected_total",
        "counter hostler_requests_total",
        "counter hostler_worker_restarts_total",
        "counter model_infer_request_failure_total",
        "counter model_infer_request_success_total",
        "counter nodejs_eventloop_active_seconds_total",
        "counter process_cpu_seconds_total",
        "counter rest_server_requests_total",
        "gauge hostler_build_info",
        "gauge hostler_in_flight",
        "gauge hostler_memory_budget_bytes",
        "gauge hostler_memory_bytes",
        "gauge hostler_model_memory_bytes",
        "gauge hostler_model_state",
        "gauge hostler_queue_depth",
        "gauge nodejs_heap_size_used_bytes",
        "gauge process_open_fds",
        "gauge process_resident_memory_bytes",
        "gauge process_start_time_seconds",
        "gauge rest_server_requests_in_progress",
        "histogram batch_request_queue",
        "histogram hostler_batch_rows",
        "histogram hostler_batch_size",
        "histogram hostler_compute_duration_seconds",
        "histogram hostler_model_load_duration_seconds",
        "histogram hostler_queue_duration_seconds",
        "histogram hostler_request_duration_seconds",
        "histogram parallel_request_queue",
        "histogram rest_server_request_duration_seconds",
        "summary model_infer_request_duration",
      ]
    `);
  });

  it("escapes what labels hold", async () => {
    metrics.workerRestarted('exit "1"\n\\');
    expect(await valueOf("hostler_worker_restarts_total", { reason: 'exit "1"\n\\' })).toBe(1);
  });

  it("renders many models without holding the event loop", async () => {
    for (let index = 0; index < 500; index += 1) {
      const model = modelOf(`model-${String(index)}@v1`);
      registry.put(model);
      answer({ model });
    }
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    await metrics.exposition();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  it("says what runs and what it holds", async () => {
    expect(await valueOf("hostler_build_info", { version: "1.2.3" })).toBe(1);
    expect(await valueOf("hostler_memory_bytes")).toBe(123_456_789);
    expect(await valueOf("hostler_memory_budget_bytes")).toBe(2 ** 30);
    expect(await valueOf("process_resident_memory_bytes")).toBeGreaterThan(1e7);
    expect(await valueOf("process_start_time_seconds")).toBeGreaterThan(1.7e9);
  });
});

describe("requests", () => {
  it("are counted by result", async () => {
    answer();
    answer();
    answer({ code: "MODEL_ERROR", status: 500 });
    expect(await valueOf("hostler_requests_total", { model: "digits", version: "v1", code: "OK" })).toBe(2);
    expect(await valueOf("hostler_requests_total", { code: "MODEL_ERROR" })).toBe(1);
  });

  it("fill histograms of seconds with room below a millisecond", async () => {
    answer({ totalMs: 0.75, timing: { queueMs: 0.2, computeMs: 0.5, batchCalls: 1 } });
    answer({ totalMs: 20_000, timing: null });
    const duration = await values("hostler_request_duration_seconds", { model: "digits" });
    const bucket = (le: string): number | undefined =>
      duration.find(({ labels }) => labels["le"] === le)?.value;
    expect([bucket("0.0005"), bucket("0.001"), bucket("10"), bucket("+Inf")]).toStrictEqual([0, 1, 1, 2]);
    expect(duration.find(({ name }) => name.endsWith("_sum"))?.value).toBeCloseTo(20.000_75);
    const queue = await values("hostler_queue_duration_seconds", { le: "0.00025" });
    expect(queue.map(({ value }) => value)).toStrictEqual([1]);
    const compute = await values("hostler_compute_duration_seconds", { le: "0.0005" });
    expect(compute.map(({ value }) => value)).toStrictEqual([1]);
  });

  it("that name an unknown model share one series, whatever they name", async () => {
    for (const version of ["1", "2", null]) {
      answer({ model: null, requestedVersion: version, code: "MODEL_NOT_FOUND", status: 404, timing: null });
    }
    expect(await valueOf("hostler_requests_total", { model: "_unknown", code: "MODEL_NOT_FOUND" })).toBe(3);
    const mlserver = await values("model_infer_request_failure_total", { model: "_unknown" });
    expect(mlserver.map(({ labels, value }) => [labels["version"], value])).toStrictEqual([
      ["None", 1],
      ["_unknown", 2],
    ]);
  });

  it("that were refused are told apart from those that failed", async () => {
    answer({ code: "QUEUE_FULL", status: 429 });
    answer({ code: "OVERLOADED", status: 503 });
    answer({ code: "MODEL_ERROR", status: 500 });
    const rejected = await values("hostler_rejected_total");
    expect(rejected.map(({ labels, value }) => [labels["reason"], value])).toStrictEqual([
      ["queue_full", 1],
      ["deadline_infeasible", 1],
    ]);
  });
});

describe("MLServer's metrics", () => {
  it("count by the version that the caller named", async () => {
    answer();
    answer({ requestedVersion: null, route: unversionedRoute });
    answer({ requestedVersion: null, route: unversionedRoute, code: "MODEL_ERROR", status: 500 });
    const success = "model_infer_request_success_total";
    expect(await valueOf(success, { model: "digits", version: "v1" })).toBe(1);
    expect(await valueOf(success, { model: "digits", version: "None" })).toBe(1);
    expect(await valueOf("model_infer_request_failure_total", { model: "digits", version: "None" })).toBe(1);
    const durations = await values("model_infer_request_duration", { version: "None" });
    expect(durations.map(({ name, value }) => [name, value])).toStrictEqual([
      ["model_infer_request_duration_count", 2],
      ["model_infer_request_duration_sum", 0.0015],
    ]);
  });

  it("give the versions of a name one series for requests that name none", async () => {
    const newer = modelOf("digits@v2");
    answer({ requestedVersion: null });
    registry.put(newer);
    answer({ requestedVersion: null, model: newer });
    expect(await valueOf("model_infer_request_success_total", { model: "digits", version: "None" })).toBe(2);
  });

  it("count REST requests by route template, without the probes", async () => {
    answer();
    answer({ method: "GET", route: readyRoute, model: null });
    answer({ method: "GET", route: "/v2/models/:name", model: null });
    const requests = await values("rest_server_requests_total");
    expect(requests.map(({ labels, value }) => [labels, value])).toStrictEqual([
      [
        {
          app_name: "mlserver",
          method: "POST",
          path: "/v2/models/{model_name}/versions/{model_version}/infer",
          status_code: "200",
        },
        1,
      ],
      [{ app_name: "mlserver", method: "GET", path: "/v2/models/{model_name}", status_code: "200" }, 1],
    ]);
  });

  it("know what is under way", async () => {
    metrics.started();
    metrics.started();
    expect(await valueOf("rest_server_requests_in_progress")).toBe(2);
    metrics.ended(requestOf({ model: digits }));
    expect(await valueOf("rest_server_requests_in_progress")).toBe(1);
    const queue = await values("parallel_request_queue");
    expect(queue.find(({ name }) => name.endsWith("_sum"))?.value).toBe(2);
  });
});

describe("models", () => {
  it("have gauges from the registry", async () => {
    digits.memoryBytes = 4096;
    const states = await values("hostler_model_state", { model: "digits" });
    expect(states.filter(({ value }) => value === 1).map(({ labels }) => labels["state"])).toStrictEqual([
      "registered",
    ]);
    expect(await valueOf("hostler_model_memory_bytes", { model: "digits" })).toBe(0);
    expect(await valueOf("hostler_in_flight", { model: "digits" })).toBe(0);
    expect(await valueOf("hostler_queue_depth", { model: "digits" })).toBe(0);
  });

  it("have their loads, cold starts, evictions and batches counted", async () => {
    metrics.loadEnded(digits, { ok: true, loadMs: 14, cold: true });
    metrics.loadEnded(digits, { ok: false, loadMs: 3, cold: true });
    metrics.evicted(digits, "memory_budget");
    metrics.batchEnded(digits, { calls: 3, rows: 9, computeMs: 1 });
    expect(await valueOf("hostler_model_loads_total", { result: "ok", model: "digits" })).toBe(1);
    expect(await valueOf("hostler_model_loads_total", { result: "failed", model: "digits" })).toBe(1);
    expect(await valueOf("hostler_cold_starts_total", { model: "digits" })).toBe(1);
    expect(await valueOf("hostler_model_evictions_total", { reason: "memory_budget" })).toBe(1);
    const sizes = await values("hostler_batch_size");
    expect(sizes.filter(({ value }) => value === 0).map(({ labels }) => labels["le"])).toStrictEqual([
      "1",
      "2",
    ]);
    const rows = await values("hostler_batch_rows");
    expect(rows.find(({ name }) => name.endsWith("_sum"))?.value).toBe(9);
  });

  it("keep their counts across a reload", async () => {
    answer();
    const reloaded = modelOf("digits@v1");
    registry.put(reloaded);
    answer({ model: reloaded });
    expect(await valueOf("hostler_requests_total", { model: "digits", code: "OK" })).toBe(2);
  });

  it("that leave take their series with them", async () => {
    answer();
    await scrape();
    registry.remove(digits);
    const text = (await metrics.exposition()).text;
    expect(text).not.toContain("digits");
    expect(text).toContain('model="_unknown"');
  });

  it("that failed to come are shown once, so that the failure is seen", async () => {
    metrics.loadEnded(modelOf("broken@v1"), { ok: false, loadMs: 1, cold: false });
    expect(await valueOf("hostler_model_loads_total", { model: "broken", result: "failed" })).toBe(1);
    expect(await valueOf("hostler_model_loads_total", { model: "broken", result: "failed" })).toBeUndefined();
  });

  it("that come back after they left begin anew", async () => {
    answer();
    await scrape();
    registry.remove(digits);
    await scrape();
    registry.put(digits);
    answer();
    expect(await valueOf("hostler_requests_total", { model: "digits", code: "OK" })).toBe(1);
  });
});
