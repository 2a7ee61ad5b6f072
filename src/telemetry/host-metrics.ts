import type { CallMeasurement, HostMeter } from "../core/ports/host-meter.ts";
import { type Family, type LabelText, labelText, pieces, sample } from "./exposition.ts";
import { Histogram, latencyBuckets, loadBuckets, sizeBuckets } from "./histogram.ts";

type Ending = CallMeasurement["outcome"];
type RestartReason = Parameters<HostMeter["workerRestarted"]>[1];

const endings = ["answered", "failed", "refused"] as const satisfies readonly Ending[];
const restartReasons = ["died", "overdue"] as const satisfies readonly RestartReason[];

/** Everything that is counted of one hosted model, from its load until it is unloaded. */
class HostedSeries {
  readonly name: string;
  readonly labels: LabelText;
  queueMs = 0;
  runMs = 0;
  readonly calls: Record<Ending, number> = { answered: 0, failed: 0, refused: 0 };
  readonly restarts: Record<RestartReason, number> = { died: 0, overdue: 0 };
  readonly queue = new Histogram(latencyBuckets);
  readonly run = new Histogram(latencyBuckets);
  readonly batchCalls = new Histogram(sizeBuckets);

  constructor(name: string) {
    this.name = name;
    this.labels = labelText({ model: name });
  }
}

/** What the calls to one model come to, refused ones aside. */
export interface HostedTotals {
  readonly model: string;
  readonly calls: number;
  readonly queueMs: number;
  readonly runMs: number;
}

/**
 * Counts what a model host does, for Prometheus. A model that is unloaded takes its series with it: where thousands come
 * and go, nobody could keep them all. What is counted of loads has no model in it, and stays.
 */
export class HostMetrics implements HostMeter {
  readonly families: readonly Family[];
  readonly #models = new Map<string, HostedSeries>();
  readonly #loadSeconds = new Histogram(loadBuckets);
  readonly #unloadSeconds = new Histogram(loadBuckets);
  #failedLoads = 0;

  constructor() {
    this.families = [...this.#callFamilies(), ...this.#loadFamilies()];
  }

  callEnded(model: string, { outcome, queueMs, runMs }: CallMeasurement): void {
    const series = this.#of(model);
    series.calls[outcome] += 1;
    series.queueMs += queueMs;
    series.runMs += runMs ?? 0;
    series.queue.observe(queueMs / 1000);
    if (runMs !== null) series.run.observe(runMs / 1000);
  }

  batchEnded(model: string, { calls }: { readonly calls: number }): void {
    this.#of(model).batchCalls.observe(calls);
  }

  workerRestarted(model: string, reason: RestartReason): void {
    this.#of(model).restarts[reason] += 1;
  }

  loadEnded(model: string, { ok, loadMs }: { readonly ok: boolean; readonly loadMs: number }): void {
    if (ok) this.#loadSeconds.observe(loadMs / 1000);
    else {
      this.#failedLoads += 1;
      this.#models.delete(model);
    }
  }

  unloaded(model: string, { unloadMs }: { readonly unloadMs: number }): void {
    this.#unloadSeconds.observe(unloadMs / 1000);
    this.#models.delete(model);
  }

  *totals(): Generator<HostedTotals> {
    for (const { name: model, calls, queueMs, runMs } of this.#models.values()) {
      yield { model, calls: calls.answered + calls.failed, queueMs, runMs };
    }
  }

  #of(model: string): HostedSeries {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const series = new HostedSeries(model);
    this.#models.set(model, series);
    return series;
  }

  #callFamilies(): readonly Family[] {
    const calls = "hostler_hosted_calls_total";
    const restarts = "hostler_hosted_worker_restarts_total";
    return [
      {
        name: calls,
        type: "counter",
        help: "Calls to hosted models: answered, failed by the handler, or refused.",
        samples: () =>
          this.#each(({ name: model, calls: counts }) =>
            endings.map((outcome) => sample(calls, labelText({ model, outcome }), counts[outcome])).join(""),
          ),
      },
      {
        name: restarts,
        type: "counter",
        help: "Workers of hosted models that died, or ran for too long, and were replaced.",
        samples: () =>
          this.#each(({ name: model, restarts: counts }) =>
            restartReasons
              .map((reason) => sample(restarts, labelText({ model, reason }), counts[reason]))
              .join(""),
          ),
      },
      this.#histogram(
        "hostler_hosted_queue_duration_seconds",
        "Time that a call waited.",
        ({ queue }) => queue,
      ),
      this.#histogram(
        "hostler_hosted_run_duration_seconds",
        "Time that a call's batch ran.",
        ({ run }) => run,
      ),
      this.#histogram("hostler_hosted_batch_size", "Calls of a batch.", ({ batchCalls }) => batchCalls),
    ];
  }

  #loadFamilies(): readonly Family[] {
    const load = "hostler_hosted_load_duration_seconds";
    const failed = "hostler_hosted_failed_loads_total";
    const unload = "hostler_hosted_unload_duration_seconds";
    return [
      {
        name: load,
        type: "histogram",
        help: "Time until a hosted model was ready.",
        samples: () => [this.#loadSeconds.render(load, "")],
      },
      {
        name: failed,
        type: "counter",
        help: "Hosted models that could not be loaded.",
        samples: () => [sample(failed, "", this.#failedLoads)],
      },
      {
        name: unload,
        type: "histogram",
        help: "Time until the last call of a model that was unloaded had ended, and its memory was back.",
        samples: () => [this.#unloadSeconds.render(unload, "")],
      },
    ];
  }

  #histogram(name: string, help: string, of: (series: HostedSeries) => Histogram): Family {
    return {
      ...{ name, help, type: "histogram" },
      samples: () => this.#each((series) => of(series).render(name, series.labels)),
    };
  }

  #each(render: (series: HostedSeries) => string): Iterable<string> {
    return pieces(this.#models.values(), render);
  }
}
