import type { ControlEvent, Endpoint, Revision } from "../contracts/control/endpoint.ts";
import type { Comparison, DeploymentMetrics } from "../contracts/control/measurements.ts";
import type { DeploymentName, EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Actor, EndpointHistory } from "../core/ports/endpoint-operations.ts";
import type { DeploymentService } from "./deployment-service.ts";
import type { EndpointService } from "./endpoint-service.ts";
import type { EventLog } from "./event-log.ts";
import type { Journal } from "./journal.ts";
import type { LiveEndpoints } from "./live-endpoints.ts";
import type { Snapshot } from "./records.ts";
import { attempt } from "./shared/attempt.ts";
import type { Store } from "./store/store.ts";

export interface HistoryServiceOptions {
  readonly store: Store;
  readonly journal: Journal;
  readonly events: EventLog;
  readonly live: LiveEndpoints;
  readonly endpoints: EndpointService;
  readonly deployments: DeploymentService;
  readonly trafficTaken: (name: EndpointName, actor: Actor) => void;
}

/** What was changed and what happened, and the way back. */
export class HistoryService implements EndpointHistory {
  readonly #options: HistoryServiceOptions;

  constructor(options: HistoryServiceOptions) {
    this.#options = options;
  }

  events(name: EndpointName): Promise<readonly ControlEvent[]> {
    return attempt(() => {
      this.#options.endpoints.record(name);
      return this.#options.events.of(name);
    });
  }

  revisions(name: EndpointName): Promise<readonly Revision[]> {
    return attempt(() => {
      this.#options.endpoints.record(name);
      return this.#options.store.history.revisions(name);
    });
  }

  async undo(name: EndpointName, revision: number | null, actor: Actor): Promise<Endpoint> {
    const { journal, trafficTaken, endpoints } = this.#options;
    const { revision: present } = endpoints.record(name);
    const wanted = revision ?? present - 1;
    const past = this.#snapshot(name, wanted, present);
    const what = `undo to revision ${String(wanted)}`;
    journal.record({ endpoint: name, actor, what }, ({ after }) => {
      this.#restore(name, past, { actor, what });
      after(() => {
        trafficTaken(name, actor);
      });
    });
    return endpoints.get(name);
  }

  metrics(name: EndpointName): Promise<readonly DeploymentMetrics[]> {
    return attempt(() => {
      const { traffic } = this.#options.endpoints.record(name).spec;
      const running = [...(this.#options.live.get(name)?.deployments ?? [])];
      return running.map(([deployment, { pool }]) => {
        const { inFlight, queued, total, lastMinute } = pool.metrics();
        return {
          deployment,
          traffic: traffic[deployment] ?? 0,
          in_flight: inFlight,
          queued,
          total,
          last_minute: lastMinute,
        };
      });
    });
  }

  comparison(name: EndpointName): Promise<Comparison | null> {
    return attempt(() => {
      this.#options.endpoints.record(name);
      return this.#options.live.get(name)?.state.comparison.summary() ?? null;
    });
  }

  #snapshot(name: EndpointName, revision: number, present: number): Snapshot {
    const found = this.#options.store.history.snapshot(name, revision);
    if (found !== undefined && revision !== present) return found;
    const kept = this.#options.store.history.revisions(name).filter((one) => one.revision !== present);
    const known = kept.slice(-10).map((one) => String(one.revision));
    throw new ServingError("CONFLICT", `There is no revision ${String(revision)} of ${name} to go back to.`, {
      field: "revision",
      got: String(revision),
      hint: known.length === 0 ? "It has not been changed yet." : `The newest are: ${known.join(", ")}.`,
    });
  }

  /** Deployments first, so that the traffic finds them; those that were not there then go last, when they have none. */
  #restore(name: EndpointName, past: Snapshot, put: { readonly actor: Actor; readonly what: string }): void {
    const { store, endpoints, deployments } = this.#options;
    for (const spec of Object.values(past.deployments)) deployments.replace(spec, put.actor);
    endpoints.replace(past.endpoint, put);
    const surplus: DeploymentName[] = store.deployments
      .of(name)
      .map(({ spec }) => spec.name)
      .filter((deployment) => past.deployments[deployment] === undefined);
    for (const deployment of surplus) deployments.remove({ endpoint: name, name: deployment }, put.actor);
  }
}
