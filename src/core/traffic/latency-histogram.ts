/** From 10 µs up, 16 bins to each doubling: a quantile is right to 2 %. */
const smallestMs = 0.01;
const binsPerDoubling = 16;
/** Up to three minutes, the longest time-out there is; what takes longer is in the last one. */
const bins = binsPerDoubling * 25;

/** Latencies, counted in bins whose width grows with them. Adding one takes some nanoseconds. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(bins);
  #total = 0;

  add(ms: number): void {
    const bin = ms <= smallestMs ? 0 : Math.floor(Math.log2(ms / smallestMs) * binsPerDoubling);
    const index = Math.min(bins - 1, bin);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  addAll(other: LatencyHistogram): void {
    for (const [index, count] of other.#counts.entries()) {
      if (count > 0) this.#counts[index] = (this.#counts[index] ?? 0) + count;
    }
    this.#total += other.#total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Milliseconds that this part of all calls (0 to 1) did not exceed; null where there are none. */
  quantile(part: number): number | null {
    if (this.#total === 0) return null;
    const rank = Math.max(1, Math.ceil(part * this.#total));
    let seen = 0;
    const bin = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    const middle = smallestMs * 2 ** ((bin + 0.5) / binsPerDoubling);
    return Math.round(middle * 1000) / 1000;
  }
}
