import { type LabelText, numberText, sample } from "./exposition.ts";

/** The bounds of a histogram, and what is printed for each of them. */
export interface Buckets {
  /** Ascending upper bounds; the one to infinity is not among them. */
  readonly bounds: readonly number[];
  readonly labels: readonly LabelText[];
}

function buckets(...bounds: readonly number[]): Buckets {
  return { bounds, labels: [...bounds, Infinity].map((bound) => `le="${numberText(bound)}"`) };
}

/** Seconds: OpenTelemetry's bounds from 5 ms to 10 s, and finer ones below, where a small model lives. */
export const latencyBuckets = buckets(
  ...[0.000_25, 0.000_5, 0.001, 0.002_5],
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
);

/** Seconds that a model takes to load. */
export const loadBuckets = buckets(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120);

/** Calls or rows: powers of two. */
export const sizeBuckets = buckets(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024);

/** Lengths of queues, with the bounds that MLServer's own histograms of them have. */
export const mlserverBuckets = buckets(
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
);

/** Counts in plain numbers: observing takes some nanoseconds, all the rest is left to the scrape. */
export class Histogram {
  readonly #buckets: Buckets;
  readonly #counts: Float64Array;
  #sum = 0;
  #isEmpty = true;

  constructor(kind: Buckets) {
    this.#buckets = kind;
    this.#counts = new Float64Array(kind.labels.length);
  }

  observe(value: number): void {
    const { bounds } = this.#buckets;
    let index = 0;
    // From below: most values are small, so that the first few comparisons decide.
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
    this.#isEmpty = false;
  }

  /** Nothing where nothing was observed: of a thousand models most are idle, and each would be twenty lines. */
  render(name: string, labels: LabelText): string {
    if (this.#isEmpty) return "";
    const prefix = labels === "" ? "" : `${labels},`;
    let count = 0;
    let text = "";
    for (const [index, label] of this.#buckets.labels.entries()) {
      count += this.#counts[index] ?? 0;
      text += sample(`${name}_bucket`, prefix + label, count);
    }
    return text + sample(`${name}_sum`, labels, this.#sum) + sample(`${name}_count`, labels, count);
  }
}
