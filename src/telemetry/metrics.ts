import type { ModelVersion } from "../core/models/model-version.ts";
import type { ModelRegistry } from "../core/models/registry.ts";
import type { MemoryProbe } from "../core/ports/memory-probe.ts";
import type { BatchMeasurement, LoadMeasurement, Meter } from "../core/ports/meter.ts";
import type { RequestObserver, RequestRecord } from "../core/ports/request-observer.ts";
import { expose, type Exposition, type Family, labelText, sample, single } from "./exposition.ts";
import { Histogram, mlserverBuckets } from "./histogram.ts";
import { loadFamilies, mlserverFamilies, requestFamilies } from "./model-families.ts";
import { increment, SeriesBook } from "./model-series.ts";
import { processFamilies } from "./process-families.ts";
import { registryFamilies } from "./registry-families.ts";
import { RestMetrics } from "./rest-metrics.ts";

export interface ServerMetricsOptions {
  /** Gauges are read from it when somebody asks. */
  readonly registry: ModelRegistry;
  readonly probe: MemoryProbe;
  readonly memoryBudgetBytes: number | null;
  /** hostler's own. */
  readonly version: string;
  /** Begins the names of MLServer's REST metrics. */
  readonly restPrefix: string;
  /** Templates of the routes that are counted per model. */
  readonly inferenceRoutes: Iterable<string>;
  /** Templates of the routes that probes ask all day long: they are not counted. */
  readonly healthRoutes: Iterable<string>;
  /** What others count. */
  readonly more?: readonly Family[];
}

/**
 * Counts what the server does, for Prometheus: MLServer's metrics under its names, and hostler's own.
 * Counting is arithmetic on plain numbers, some hundred nanoseconds a request; the text is made when it is asked for.
 */
export class ServerMetrics implements Meter, RequestObserver {
  readonly #options: ServerMetricsOptions;
  readonly #inferenceRoutes: ReadonlySet<string>;
  readonly #book = new SeriesBook();
  readonly #rest: RestMetrics;
  readonly #inFlight = new Histogram(mlserverBuckets);
  readonly #restarts = new Map<string, number>();

  constructor(options: ServerMetricsOptions) {
    this.#options = options;
    this.#inferenceRoutes = new Set(options.inferenceRoutes);
    this.#rest = new RestMetrics(options.restPrefix, new Set(options.healthRoutes));
  }

  started(): void {
    this.#rest.started();
  }

  ended(record: RequestRecord): void {
    if (this.#inferenceRoutes.has(record.route)) {
      this.#inFlight.observe(this.#rest.inProgress);
      const series = record.model === null ? this.#book.unknown : this.#book.of(record.model);
      series.requestEnded(record);
    }
    this.#rest.ended(record);
  }

  batchEnded(model: ModelVersion, batch: BatchMeasurement): void {
    this.#book.of(model).batchEnded(batch);
  }

  loadEnded(model: ModelVersion, load: LoadMeasurement): void {
    this.#book.of(model).loadEnded(load);
  }

  evicted(model: ModelVersion, reason: string): void {
    this.#book.of(model).evicted(reason);
  }

  /** A worker process ended and is replaced. `reason` is one of a few words: each is a series. */
  workerRestarted(reason: string): void {
    increment(this.#restarts, reason);
  }

  /** Everything, as Prometheus reads it. */
  async exposition(): Promise<Exposition> {
    const { registry, probe } = this.#options;
    const treeBytes = await probe.measure();
    const versions = [...registry.versions()];
    const known = this.#book.shown(versions);
    const called = [...known, this.#book.unknown];
    return expose([
      ...this.#serverFamilies(treeBytes),
      ...requestFamilies(called),
      ...loadFamilies(known),
      ...registryFamilies(versions),
      ...mlserverFamilies(called),
      ...this.#rest.families,
      ...processFamilies,
      ...(this.#options.more ?? []),
    ]);
  }

  #serverFamilies(treeBytes: number): readonly Family[] {
    const { memoryBudgetBytes, version } = this.#options;
    const budget = "hostler_memory_budget_bytes";
    const restarts = "hostler_worker_restarts_total";
    return [
      {
        name: "hostler_build_info",
        type: "gauge",
        help: "Always 1; its labels say what runs.",
        samples: () => [sample("hostler_build_info", labelText({ version, node: process.versions.node }), 1)],
      },
      single(
        {
          name: "hostler_memory_bytes",
          type: "gauge",
          help: "Private bytes of the whole process tree, and what zygotes share with their workers once.",
        },
        () => treeBytes,
      ),
      {
        name: budget,
        type: "gauge",
        help: "Bytes that the whole process tree may hold; absent without a limit.",
        samples: () => (memoryBudgetBytes === null ? [] : [sample(budget, "", memoryBudgetBytes)]),
      },
      {
        name: restarts,
        type: "counter",
        help: "Worker processes that ended and were replaced.",
        samples: () =>
          [...this.#restarts].map(([reason, count]) => sample(restarts, labelText({ reason }), count)),
      },
      {
        name: "parallel_request_queue",
        type: "histogram",
        help: "Requests under way when one of them is answered.",
        samples: () => [this.#inFlight.render("parallel_request_queue", "")],
      },
    ];
  }
}
