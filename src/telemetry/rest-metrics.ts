import type { RequestRecord } from "../core/ports/request-observer.ts";
import { type Family, type LabelText, labelText, pieces, sample } from "./exposition.ts";
import { Histogram, latencyBuckets } from "./histogram.ts";

/** MLServer's own, whatever the server is called: dashboards select by it. */
const appName = "mlserver";

class RestSeries {
  readonly labels: LabelText;
  readonly duration = new Histogram(latencyBuckets);
  count = 0;

  constructor({ method, route, status }: RequestRecord) {
    this.labels = labelText({
      app_name: appName,
      method,
      path: mlserverPath(route),
      status_code: String(status),
    });
  }
}

/** MLServer's metrics of the REST server, under its names and labels. */
export class RestMetrics {
  readonly families: readonly Family[];
  /** By route, method and status: lookups by strings that are already there, nothing is put together to be found. */
  readonly #series = new Map<string, Map<string, Map<number, RestSeries>>>();
  readonly #ignoredRoutes: ReadonlySet<string>;
  #inProgress = 0;

  constructor(prefix: string, ignoredRoutes: ReadonlySet<string>) {
    this.#ignoredRoutes = ignoredRoutes;
    this.families = this.#familiesOf(prefix);
  }

  get inProgress(): number {
    return this.#inProgress;
  }

  started(): void {
    this.#inProgress += 1;
  }

  ended(record: RequestRecord): void {
    this.#inProgress -= 1;
    if (this.#ignoredRoutes.has(record.route)) return;
    const series = this.#seriesOf(record);
    series.count += 1;
    series.duration.observe(record.totalMs / 1000);
  }

  #seriesOf(record: RequestRecord): RestSeries {
    const { route, method, status } = record;
    const byMethod =
      this.#series.get(route) ?? put(this.#series, route, new Map<string, Map<number, RestSeries>>());
    const byStatus = byMethod.get(method) ?? put(byMethod, method, new Map<number, RestSeries>());
    return byStatus.get(status) ?? put(byStatus, status, new RestSeries(record));
  }

  *#all(): Generator<RestSeries> {
    for (const byMethod of this.#series.values()) {
      for (const byStatus of byMethod.values()) yield* byStatus.values();
    }
  }

  #familiesOf(prefix: string): readonly Family[] {
    const total = `${prefix}_requests_total`;
    const duration = `${prefix}_request_duration_seconds`;
    const inProgress = `${prefix}_requests_in_progress`;
    return [
      {
        name: total,
        type: "counter",
        help: "Requests over REST, health probes left out.",
        samples: () => pieces(this.#all(), (series) => sample(total, series.labels, series.count)),
      },
      {
        name: duration,
        type: "histogram",
        help: "Time from a request's head to the end of its reply.",
        samples: () => pieces(this.#all(), (series) => series.duration.render(duration, series.labels)),
      },
      {
        name: inProgress,
        type: "gauge",
        help: "Requests that are being answered.",
        // A GET is answered in the turn it comes in: what a scrape can see under way is a POST.
        samples: () => [
          sample(inProgress, labelText({ app_name: appName, method: "POST" }), this.#inProgress),
        ],
      },
    ];
  }
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value);
  return value;
}

/** `/v2/models/:name/infer` as MLServer writes it: `/v2/models/{model_name}/infer`. */
function mlserverPath(route: string): string {
  return route.replaceAll(/:(\w+)/g, "{model_$1}");
}
