import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";

/** A client registers what a deployment needs before it asks for that: so long an asset is kept that nothing names. */
const patienceMs = 3_600_000;

export interface AssetCollectorOptions {
  /** Removes the assets of no name that nobody has asked for since then (ISO 8601); how many. */
  readonly collect: (before: string) => Promise<number>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly logger: Logger;
}

/** Removes copies of code, models and environments without a name once no revision refers to them any more. */
export class AssetCollector {
  readonly #options: AssetCollectorOptions;
  #underWay: Promise<void> = Promise.resolve();
  #later: Timer | null = null;
  #isStopped = false;

  constructor(options: AssetCollectorOptions) {
    this.#options = options;
  }

  /** Something may be of no use any more: looks now, and again when what is too young for that is old enough. */
  wake(): void {
    if (this.#isStopped) return;
    this.#underWay = this.#underWay.then(() => this.#collect());
    this.#later?.cancel();
    this.#later = this.#options.clock.schedule(patienceMs + 1, () => {
      this.#later = null;
      this.#underWay = this.#underWay.then(() => this.#collect());
    });
  }

  /** Resolves when nothing is being removed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#later?.cancel();
    await this.#underWay;
  }

  async #collect(): Promise<void> {
    if (this.#isStopped) return;
    const { collect, wallTime, logger } = this.#options;
    try {
      const assets = await collect(new Date(wallTime() - patienceMs).toISOString());
      if (assets > 0) logger.info("anonymous assets removed that no revision refers to", { assets });
    } catch (error) {
      logger.warn("anonymous assets could not be removed", { reason: ServingError.from(error).message });
    }
  }
}
