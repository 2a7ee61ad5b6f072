import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { HandlerProcess } from "../ports/handler-launcher.ts";

/** How long a process that nobody wants any more has to end while it loads. */
const abandonedMs = 10_000;

export interface WorkerLoadOptions {
  readonly clock: Clock;
  readonly model: string;
  readonly timeoutMs: number;
  readonly start: StartWorker;
}

/**
 * Starts the process as soon as it is its turn, and calls `begun` just before; `begun` throws where nobody wants it any
 * more. A process that is not ready when `abandoned` resolves is ended.
 */
export type StartWorker = (abandoned: Promise<unknown>, begun: () => void) => Promise<HandlerProcess>;

/** One attempt to bring a worker to life, which may take so long and can be given up. */
export class WorkerLoad {
  /** Rejects with a ServingError; nothing is left of the process then. */
  readonly process: Promise<HandlerProcess>;
  readonly #options: WorkerLoadOptions;
  readonly #abandoned = Promise.withResolvers<ServingError>();
  #isAbandoned = false;
  #hasBegun = false;
  #timer: Timer | null = null;

  constructor(options: WorkerLoadOptions) {
    this.#options = options;
    this.process = this.#run();
  }

  /** Gives it up: what has been started ends, and {@link process} rejects. */
  abandon(error: ServingError): void {
    this.#isAbandoned = true;
    this.#abandoned.resolve(error);
  }

  /** From here on its time counts: it waited for its turn before. */
  #begin(): void {
    const { clock, model, timeoutMs } = this.#options;
    if (this.#isAbandoned) throw new ServingError("CANCELLED", `Model ${model} is not wanted any more.`);
    this.#hasBegun = true;
    this.#timer = clock.schedule(timeoutMs, () => {
      const message = `Model ${model} was not loaded after ${String(timeoutMs / 1000)} s.`;
      this.abandon(new ServingError("MODEL_LOAD_FAILED", message, { model }));
    });
  }

  async #run(): Promise<HandlerProcess> {
    const { start } = this.#options;
    const { promise: abandoned } = this.#abandoned;
    const started = start(abandoned, () => {
      this.#begin();
    });
    try {
      const first = await Promise.race([started, abandoned]);
      if (!(first instanceof ServingError) && !this.#isAbandoned) return first;
      const error = await abandoned;
      if (this.#hasBegun) await this.#clearAway(started);
      else started.catch(() => undefined);
      throw error;
    } catch (error) {
      throw ServingError.from(error, "MODEL_LOAD_FAILED");
    } finally {
      this.#timer?.cancel();
    }
  }

  /** Whatever still comes of it is ended; that is waited for, but not for ever. */
  #clearAway(started: Promise<HandlerProcess>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => {
      timer.cancel();
      resolve(undefined);
    };
    const timer = this.#options.clock.schedule(abandonedMs, finish);
    started.then((process) => process.stop(0)).then(finish, finish);
    return promise;
  }
}
