import type { Clock, Timer } from "../ports/clock.ts";
import type { RunningCalls } from "./running-calls.ts";

/** What runs for nobody any more may go on for so long while others wait for its worker. */
const forNobodyMs = 10_000;

export interface AbandonedBatchOptions {
  readonly clock: Clock;
  /** What the worker holds; the first one runs. */
  readonly batches: () => readonly RunningCalls[];
  /** Whether calls wait for the worker. */
  readonly isAwaited: () => boolean;
  /** Ends what runs. */
  readonly end: (reason: string) => void;
}

/**
 * Watches for batches whose callers have all left. Such a one may be nearly done, and is left alone as long as nobody needs
 * its worker; one that hangs must not keep others waiting until its own time is over, which may be an hour.
 */
export class AbandonedBatch {
  readonly #options: AbandonedBatchOptions;
  #timer: Timer | null = null;

  constructor(options: AbandonedBatchOptions) {
    this.#options = options;
  }

  /** A caller of the worker's model has left. */
  look(): void {
    if (this.#timer !== null) return;
    const { clock, batches } = this.#options;
    if (!batches().some(({ isAbandoned }) => isAbandoned)) return;
    const [running] = batches();
    const watched = running?.isAbandoned === true ? running : null;
    this.#timer = clock.schedule(forNobodyMs, () => {
      this.#timer = null;
      this.#lookAgain(watched);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookAgain(watched: RunningCalls | null): void {
    const { batches, isAwaited, end } = this.#options;
    const [running, ...held] = batches();
    const isNeeded = isAwaited() || held.some(({ isAbandoned }) => !isAbandoned);
    if (running !== undefined && running === watched && isNeeded) {
      end(`A batch that nobody waited for any more ran for more than ${String(forNobodyMs / 1000)} s.`);
    }
    this.look();
  }
}
