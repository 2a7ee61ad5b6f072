import type { Clock, Timer } from "../ports/clock.ts";
import type { ProbeCall, ProbeResult } from "./probe.ts";

export interface ProbeLoopOptions {
  readonly clock: Clock;
  readonly firstDelayMs: number;
  readonly probe: () => ProbeCall;
  /** Told of every result; says how long to wait before the next probe. */
  readonly onResult: (result: ProbeResult) => number;
}

/** One probe after the other, never two at once, until it is stopped. */
export class ProbeLoop {
  readonly #options: ProbeLoopOptions;
  #timer: Timer | null = null;
  #call: ProbeCall | null = null;
  #isStopped = false;

  constructor(options: ProbeLoopOptions) {
    this.#options = options;
    this.#wait(options.firstDelayMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#call?.cancel();
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(delayMs, () => {
      void this.#once();
    });
  }

  async #once(): Promise<void> {
    this.#call = this.#options.probe();
    const result = await this.#call.result;
    this.#call = null;
    if (this.#isStopped) return;
    const delayMs = this.#options.onResult(result);
    // What the result led to may have ended this loop.
    if (!this.#hasStopped()) this.#wait(delayMs);
  }

  #hasStopped(): boolean {
    return this.#isStopped;
  }
}
