import type { ControlEvent } from "../contracts/control/endpoint.ts";
import type { DeploymentName, EndpointName } from "../contracts/control/names.ts";
import type { Happening } from "../core/instances/instance-set.ts";
import type { Clock, Timer } from "../core/ports/clock.ts";
import type { Logger } from "../core/ports/logger.ts";
import { logged } from "./shared/logged.ts";
import type { Store } from "./store/store.ts";

export interface EventLogOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timestamp: () => string;
}

/** Events gather for so long: a crash may take the last of them with it. */
const gatherMs = 250;

/** What happened to endpoints and deployments, for people. */
export class EventLog {
  readonly #options: EventLogOptions;
  #waiting: { readonly endpoint: EndpointName; readonly event: ControlEvent }[] = [];
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  add(
    endpoint: EndpointName,
    deployment: DeploymentName | null,
    { reason, message, level }: Happening,
  ): void {
    const { clock, logger, timestamp } = this.#options;
    const where = deployment === null ? { endpoint } : { endpoint, deployment };
    logger[level](`endpoint event ${reason}`, { ...where, event: message });
    this.#waiting.push({ endpoint, event: { at: timestamp(), deployment, reason, message, level } });
    if (this.#isStopped) return;
    this.#timer ??= clock.schedule(gatherMs, () => {
      this.#tryToFlush();
    });
  }

  /** Oldest first. */
  of(endpoint: EndpointName): readonly ControlEvent[] {
    this.flush();
    return this.#options.store.history.events(endpoint);
  }

  /** Writes what has gathered; what comes later goes to the log alone. */
  stop(): void {
    this.#tryToFlush();
    this.#isStopped = true;
  }

  /** Nobody waits for it, or could do anything where it fails. */
  #tryToFlush(): void {
    logged(this.#options.logger, "events could not be written", () => {
      this.flush();
    });
  }

  /** Writes what has gathered. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { store } = this.#options;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    store.note(() => {
      for (const [endpoint, gathered] of Map.groupBy(waiting, (one) => one.endpoint)) {
        // It may have been deleted meanwhile, and its events with it.
        if (store.endpoints.find(endpoint) === undefined) continue;
        for (const { event } of gathered) store.history.addEvent(endpoint, event);
        store.history.trimEvents(endpoint);
      }
    });
  }
}
