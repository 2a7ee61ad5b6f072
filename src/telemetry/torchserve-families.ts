import type { RequestObserver, RequestRecord } from "../core/ports/request-observer.ts";
import { type Family, labelText, pieces } from "./exposition.ts";
import type { HostedTotals } from "./host-metrics.ts";

const classes = ["2", "4", "5"] as const;
type StatusClass = (typeof classes)[number];

export interface TorchserveMetricsOptions {
  /** As `Hostname` has it. */
  readonly hostname: string;
  readonly models: () => Iterable<HostedTotals>;
}

/**
 * What TorchServe counts, under its names and in its spelling: a comma behind the last label, and a point in every number.
 * Both are allowed, and there are clients that read the lines as text.
 */
export class TorchserveMetrics implements Pick<RequestObserver, "ended"> {
  readonly families: readonly Family[];
  readonly #options: TorchserveMetricsOptions;
  readonly #answers: Record<StatusClass, number> = { "2": 0, "4": 0, "5": 0 };

  constructor(options: TorchserveMetricsOptions) {
    this.#options = options;
    this.families = [
      ...classes.map((first) => this.#requests(first)),
      this.#ofModels("ts_inference_requests_total", "Count", ({ calls }) => calls),
      this.#ofModels("ts_inference_latency_microseconds", "Microseconds", ({ queueMs, runMs }) =>
        microseconds(queueMs + runMs),
      ),
      this.#ofModels("ts_queue_latency_microseconds", "Microseconds", ({ queueMs }) => microseconds(queueMs)),
    ];
  }

  ended({ status }: RequestRecord): void {
    const first = classes.find((one) => String(status).startsWith(one));
    if (first !== undefined) this.#answers[first] += 1;
  }

  #requests(first: StatusClass): Family {
    const name = `Requests${first}XX`;
    const labels = labelText({ Level: "Host", Hostname: this.#options.hostname });
    return {
      ...counter(name, "Count"),
      samples: () => [`${name}{${labels},} ${decimal(this.#answers[first])}\n`],
    };
  }

  #ofModels(name: string, unit: string, value: (totals: HostedTotals) => number): Family {
    const { hostname, models } = this.#options;
    return {
      ...counter(name, unit),
      samples: () =>
        pieces(models(), (totals) => {
          const labels = labelText({ model_name: totals.model, model_version: "default", hostname });
          return `${name}{${labels},} ${decimal(value(totals))}\n`;
        }),
    };
  }
}

function counter(name: string, unit: string): Pick<Family, "name" | "type" | "help"> {
  return { name, type: "counter", help: `Torchserve prometheus counter metric with unit: ${unit}` };
}

function microseconds(ms: number): number {
  return ms * 1000;
}

function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
