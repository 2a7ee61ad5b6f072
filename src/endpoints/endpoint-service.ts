import type { Endpoint, EndpointSpec } from "../contracts/control/endpoint.ts";
import type { EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Actor, EndpointOperations } from "../core/ports/endpoint-operations.ts";
import { newSecrets } from "./credentials.ts";
import type { EventLog } from "./event-log.ts";
import type { Journal } from "./journal.ts";
import type { LiveEndpoints, RunningEndpoint } from "./live-endpoints.ts";
import { stillDeleting, unknownEndpoint } from "./not-found.ts";
import type { EndpointRecord } from "./records.ts";
import { attempt } from "./shared/attempt.ts";
import type { Store } from "./store/store.ts";
import { checkTraffic, trafficText } from "./traffic-rules.ts";
import { endpointView } from "./views.ts";

export interface EndpointServiceOptions {
  readonly store: Store;
  readonly journal: Journal;
  readonly events: EventLog;
  readonly live: LiveEndpoints;
  readonly scoringBaseUrl: () => string;
  /** Somebody other than a rollout has changed an endpoint's traffic, or deleted it. */
  readonly trafficTaken: (name: EndpointName, actor: Actor) => void;
  /** Lets the deployments' calls end, and stops what runs for them. */
  readonly close: (endpoint: RunningEndpoint) => Promise<void>;
}

type TrafficShares = Parameters<EndpointOperations["setTraffic"]>[1];

interface Put {
  readonly actor: Actor;
  readonly what: string;
}

/** Endpoints: what somebody wants, made durable and put before the data plane. */
export class EndpointService implements EndpointOperations {
  readonly #options: EndpointServiceOptions;
  /** Gone for good, but for the calls that are under way. */
  readonly #deleting = new Map<EndpointName, Endpoint>();

  constructor(options: EndpointServiceOptions) {
    this.#options = options;
  }

  list(): Promise<readonly Endpoint[]> {
    return attempt(() => {
      const stored = this.#options.store.endpoints.all().map(({ record }) => this.#view(record));
      return [...stored, ...this.#deleting.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  get(name: EndpointName): Promise<Endpoint> {
    return attempt(() => this.#deleting.get(name) ?? this.#view(this.record(name)));
  }

  put(
    spec: EndpointSpec,
    { actor, create }: { readonly actor: Actor; readonly create: boolean },
  ): Promise<Endpoint> {
    return attempt(() => {
      if (this.#deleting.has(spec.name)) throw stillDeleting("endpoint", spec.name);
      const isThere = this.#options.store.endpoints.find(spec.name) !== undefined;
      if (isThere && create) throw taken(spec.name);
      // Both kinds of endpoints share their paths.
      if (!isThere && this.#options.store.sagemaker.endpoints.has(spec.name)) throw taken(spec.name);
      return isThere ? this.#replace(spec, actor) : this.#create(spec, actor);
    });
  }

  delete(name: EndpointName, actor: Actor): Promise<void> {
    return attempt(() => {
      if (this.#deleting.has(name)) return;
      const { store, live, trafficTaken, close } = this.#options;
      const view = this.#view(this.record(name));
      trafficTaken(name, actor);
      store.endpoints.delete(name);
      const running = live.get(name);
      live.remove(name);
      if (running === undefined) return;
      this.#deleting.set(name, { ...view, provisioning_state: "Deleting" });
      void close(running).finally(() => this.#deleting.delete(name));
    });
  }

  setTraffic(name: EndpointName, change: TrafficShares, actor: Actor): Promise<Endpoint> {
    return attempt(() => {
      this.record(name);
      const what = "update traffic";
      return this.#options.journal.record({ endpoint: name, actor, what }, ({ after }) => {
        after(() => {
          this.#options.trafficTaken(name, actor);
        });
        return this.shiftTraffic(name, change, { actor, what });
      });
    });
  }

  /** Changes the traffic at once. @throws ServingError as {@link EndpointOperations.setTraffic} */
  shiftTraffic(name: EndpointName, change: TrafficShares, put: Put): Endpoint {
    const { spec } = this.record(name);
    const { traffic = spec.traffic, mirror_traffic = spec.mirror_traffic } = change;
    return this.replace({ ...spec, traffic, mirror_traffic }, put);
  }

  /** Replaces an endpoint that is there. @throws ServingError as {@link EndpointOperations.put} */
  replace(spec: EndpointSpec, { actor, what }: Put): Endpoint {
    const { store, journal, live } = this.#options;
    const { name } = spec;
    return journal.record({ endpoint: name, actor, what }, (change) => {
      const record = this.record(name);
      const wanted = this.#checked(spec);
      store.endpoints.update({ ...record, spec: wanted });
      change.after(() => {
        live.configure(wanted);
        this.#tellTraffic(record.spec, wanted);
      });
      return this.#view({ ...record, spec: wanted });
    });
  }

  /** @throws ServingError ENDPOINT_NOT_FOUND */
  record(name: EndpointName): EndpointRecord {
    const { endpoints } = this.#options.store;
    const found = endpoints.find(name);
    if (found !== undefined) return found.record;
    throw unknownEndpoint(
      name,
      endpoints.all().map(({ record }) => record.spec.name),
    );
  }

  #create(spec: EndpointSpec, actor: Actor): Endpoint {
    const { store, journal, live, events } = this.#options;
    const { name } = spec;
    journal.record({ endpoint: name, actor, what: "create endpoint" }, ({ at, revision, after }) => {
      const record = { spec: this.#checked(spec), revision, createdAt: at, modifiedAt: at };
      const secrets = newSecrets();
      store.endpoints.insert(record, secrets);
      after(() => {
        live.add({ record, secrets });
        events.add(name, null, { reason: "EndpointCreated", message: `By ${actor.name}.`, level: "info" });
      });
    });
    return this.#view(this.record(name));
  }

  #replace(spec: EndpointSpec, actor: Actor): Endpoint {
    const { spec: old } = this.record(spec.name);
    const wanted = this.#checked(spec);
    const isTrafficSame =
      trafficText(wanted.traffic) === trafficText(old.traffic) &&
      trafficText(wanted.mirror_traffic) === trafficText(old.mirror_traffic);
    this.replace(spec, { actor, what: "update endpoint" });
    if (!isTrafficSame) this.#options.trafficTaken(spec.name, actor);
    return this.#view(this.record(spec.name));
  }

  #checked(spec: EndpointSpec): EndpointSpec {
    const deployments = this.#options.store.deployments.of(spec.name).map((one) => one.spec.name);
    return { ...spec, ...checkTraffic(spec.name, spec, deployments) };
  }

  #tellTraffic(before: EndpointSpec, after: EndpointSpec): void {
    const [old, now] = [trafficText(before.traffic), trafficText(after.traffic)];
    if (old === now) return;
    const message = `From ${old} to ${now}.`;
    this.#options.events.add(after.name, null, { reason: "TrafficChanged", message, level: "info" });
  }

  #view(record: EndpointRecord): Endpoint {
    const deployments = this.#options.store.deployments.of(record.spec.name);
    return endpointView(record, deployments, this.#options.scoringBaseUrl());
  }
}

function taken(name: EndpointName): ServingError {
  return new ServingError("ALREADY_EXISTS", `An endpoint ${name} exists already.`, {
    field: "name",
    got: name,
    hint: "Update it, or choose another name.",
  });
}
