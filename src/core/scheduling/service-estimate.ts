/** Weight of the newest sample. */
const newest = 0.1;

/** Running estimate of how long a row takes, from the batches that came back. */
export class ServiceEstimate {
  #msPerRow: number | null = null;

  observe(rows: number, computeMs: number): void {
    const sample = computeMs / Math.max(1, rows);
    this.#msPerRow = this.#msPerRow === null ? sample : this.#msPerRow + newest * (sample - this.#msPerRow);
  }

  /** Milliseconds that this many rows will take; 0 while nothing is known. */
  waitMs(rows: number): number {
    return (this.#msPerRow ?? 0) * rows;
  }
}
