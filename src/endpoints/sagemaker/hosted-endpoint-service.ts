import type { DesiredCapacity, EndpointPlan, UpdateEndpoint } from "../../contracts/sagemaker/endpoint.ts";
import type { HostedModel, Tag } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  HostedEndpoint,
  HostedEndpointOperations,
  VariantMetrics,
} from "../../core/ports/hosted-endpoints.ts";
import type { CallableEndpoint, HostedDirectory } from "../../core/ports/hosted-runtime.ts";
import { attempt } from "../shared/attempt.ts";
import type { HostedEndpointRecord, SagemakerStore } from "../sagemaker-records.ts";
import { arnOf } from "./arns.ts";
import { checkConfig } from "./document-rules.ts";
import { allVariants, capacitiesOf, describeVariants } from "./endpoint-run.ts";
import { LiveHostedEndpoint, type LiveOptions } from "./live-hosted-endpoint.ts";
import { alreadyThere, couldNotFind } from "./refusals.ts";

export interface HostedEndpointServiceOptions extends Omit<LiveOptions, "name"> {
  readonly store: SagemakerStore;
  readonly logger: Logger;
  readonly wallTime: () => number;
  /** Whether an endpoint of another kind has this name: all kinds share their paths. */
  readonly isOthers: (name: string) => boolean;
}

/** SageMaker's endpoints: what somebody asked for, made durable, and then made so. */
export class HostedEndpointService implements HostedEndpointOperations, HostedDirectory {
  readonly #options: HostedEndpointServiceOptions;
  readonly #live = new Map<string, LiveHostedEndpoint>();
  /** Gone for good, but for the calls that are under way. */
  readonly #deleting = new Map<string, HostedEndpoint>();
  /** What runs of these; a stop has no more patience with it than with the others. */
  readonly #closing = new Set<LiveHostedEndpoint>();
  readonly #work = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: HostedEndpointServiceOptions) {
    this.#options = options;
    for (const { name } of options.store.sagemaker.endpoints.all()) this.#live.set(name, this.#newLive(name));
  }

  /** Brings back what the state holds; calls wait for it. */
  start(): void {
    for (const record of this.#options.store.sagemaker.endpoints.all()) {
      const { name, wanted, serving, state } = record;
      const plan = serving ?? (state === "Failed" ? null : wanted);
      if (plan === null) continue;
      this.#background(name, async () => {
        await this.#restore(record, plan);
      });
    }
  }

  find(name: string): CallableEndpoint | undefined {
    return this.#live.get(name);
  }

  create(name: string, configName: string, tags: readonly Tag[]): Promise<string> {
    return attempt(() => {
      const { store, wallTime, isOthers } = this.#options;
      const wanted = this.#planOf(configName);
      const now = wallTime();
      store.transaction(() => {
        const isTaken = store.sagemaker.endpoints.has(name) || this.#deleting.has(name) || isOthers(name);
        if (isTaken) throw alreadyThere("endpoint", name);
        store.sagemaker.endpoints.insert({
          name,
          wanted,
          serving: null,
          state: "Creating",
          reason: null,
          createdAt: now,
          modifiedAt: now,
        });
        store.sagemaker.tags.put(`endpoint/${name.toLowerCase()}`, tags);
      });
      const live = this.#newLive(name);
      this.#live.set(name, live);
      this.#background(name, () => this.#reach(name, wanted, () => live.replace(wanted)));
      return arnOf("endpoint", name);
    });
  }

  update({
    EndpointName: name,
    EndpointConfigName,
    RetainAllVariantProperties,
  }: UpdateEndpoint): Promise<string> {
    return attempt(() => {
      const record = this.#settled(name);
      const planned = this.#planOf(EndpointConfigName);
      const kept = RetainAllVariantProperties === true ? (record.serving ?? record.wanted).capacities : {};
      const capacities = Object.fromEntries(
        Object.entries(planned.capacities).map(([variant, capacity]) => [variant, kept[variant] ?? capacity]),
      );
      const wanted = { ...planned, capacities };
      this.#change(record, wanted, (live) => live.replace(wanted));
      return arnOf("endpoint", name);
    });
  }

  setCapacities(name: string, changes: readonly DesiredCapacity[]): Promise<string> {
    return attempt(() => {
      const record = this.#settled(name);
      if (record.serving === null) throw notInService(name);
      const wanted = withCapacities(record.serving, changes);
      this.#change(record, wanted, (live) => live.setCapacities(wanted));
      return arnOf("endpoint", name);
    });
  }

  get(name: string): Promise<HostedEndpoint> {
    return attempt(() => this.#deleting.get(name) ?? this.#view(this.#record(name)));
  }

  list(): Promise<readonly HostedEndpoint[]> {
    return attempt(() => {
      const stored = this.#options.store.sagemaker.endpoints.all().map((record) => this.#view(record));
      return [...stored, ...this.#deleting.values()];
    });
  }

  delete(name: string): Promise<void> {
    return attempt(() => {
      if (this.#deleting.has(name)) return;
      const { store } = this.#options;
      const record = this.#record(name);
      if (record.state === "Creating" || record.state === "Updating") throw inProgress("delete", name);
      store.transaction(() => {
        store.sagemaker.endpoints.delete(name);
        store.sagemaker.tags.deleteAll(`endpoint/${name.toLowerCase()}`);
      });
      const live = this.#live.get(name);
      this.#live.delete(name);
      if (live === undefined) return;
      this.#deleting.set(name, { ...this.#view(record), status: "Deleting" });
      this.#closing.add(live);
      this.#background(name, async () => {
        await live.close();
        this.#closing.delete(live);
        this.#deleting.delete(name);
      });
    });
  }

  metrics(name: string): Promise<readonly VariantMetrics[]> {
    return attempt(() => {
      this.#record(name);
      return this.#live.get(name)?.metrics() ?? [];
    });
  }

  logs(name: string, lines: number): Promise<string> {
    return attempt(() => {
      this.#record(name);
      return this.#live.get(name)?.logs(lines) ?? "";
    });
  }

  /** Of every endpoint. */
  allMetrics(): readonly VariantMetrics[] {
    return [...this.#live.values()].flatMap((live) => live.metrics());
  }

  /** Calls under way end first; with `force`, at once. */
  async stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    this.#isStopped = true;
    this.#options.launcher.stop();
    await Promise.all([...this.#live.values(), ...this.#closing].map((live) => live.stop({ force })));
    await Promise.all(this.#work);
  }

  #newLive(name: string): LiveHostedEndpoint {
    return new LiveHostedEndpoint({ ...this.#options, name });
  }

  #change(
    record: HostedEndpointRecord,
    wanted: EndpointPlan,
    work: (live: LiveHostedEndpoint) => Promise<void>,
  ): void {
    const { store, wallTime } = this.#options;
    const { name } = record;
    store.sagemaker.endpoints.update({
      ...record,
      wanted,
      state: "Updating",
      reason: null,
      modifiedAt: wallTime(),
    });
    const live = this.#live.get(name);
    if (live !== undefined) this.#background(name, () => this.#reach(name, wanted, () => work(live)));
  }

  /** After a start: what served serves again, then what was under way goes on. */
  async #restore({ name, wanted, state }: HostedEndpointRecord, plan: EndpointPlan): Promise<void> {
    const live = this.#live.get(name);
    if (live === undefined) return;
    const isChanging = state === "Updating" || state === "Creating";
    if (!isChanging || plan === wanted) {
      await this.#reach(name, plan, () => live.replace(plan));
      return;
    }
    await live.replace(plan);
    await this.#reach(name, wanted, () => live.replace(wanted));
  }

  /** Does what makes a plan the one that serves, and writes down what came of it. Never rejects. */
  async #reach(name: string, wanted: EndpointPlan, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#settle(name, (record) => ({
        ...record,
        wanted,
        serving: wanted,
        state: "InService",
        reason: null,
      }));
    } catch (caught) {
      // A start that a stop has cut short has failed for nobody.
      if (this.#isStopped) return;
      const { message, details } = ServingError.from(caught, "DEPLOYMENT_FAILED");
      const reason = details.hint === undefined ? message : `${message} ${details.hint}`;
      const runs = this.#live.get(name)?.isRunning === true;
      this.#settle(name, (record) => ({
        ...record,
        wanted: record.serving ?? record.wanted,
        state: runs ? "InService" : "Failed",
        reason,
      }));
      this.#options.logger.warn("endpoint could not be changed", { endpoint: name, reason });
    }
  }

  #settle(name: string, change: (record: HostedEndpointRecord) => HostedEndpointRecord): void {
    const { store, wallTime } = this.#options;
    const record = store.sagemaker.endpoints.find(name);
    if (record === undefined || this.#isStopped) return;
    store.sagemaker.endpoints.update({ ...change(record), modifiedAt: wallTime() });
  }

  #background(name: string, work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => {
        this.#options.logger.error("endpoint work failed", {
          endpoint: name,
          error: ServingError.from(error),
        });
      })
      .finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  /** @throws ServingError ASSET_NOT_FOUND */
  #planOf(configName: string): EndpointPlan {
    const { models, configs } = this.#options.store.sagemaker;
    const config = configs.find(configName)?.document;
    if (config === undefined) throw couldNotFind("endpoint-config", configName);
    checkConfig(config, (name) => models.find(name) !== undefined);
    const named = new Map<string, HostedModel>();
    for (const { ModelName } of allVariants(config)) {
      const model = models.find(ModelName)?.document;
      if (model !== undefined) named.set(ModelName, model);
    }
    return { config, models: Object.fromEntries(named), capacities: capacitiesOf(config) };
  }

  /** @throws ServingError ENDPOINT_NOT_FOUND, CONFLICT */
  #settled(name: string): HostedEndpointRecord {
    const record = this.#record(name);
    const isBusy =
      record.state === "Creating" || record.state === "Updating" || this.#live.get(name)?.isStarting === true;
    if (isBusy) throw inProgress("update", name);
    return record;
  }

  #record(name: string): HostedEndpointRecord {
    const found = this.#options.store.sagemaker.endpoints.find(name);
    if (found === undefined) throw couldNotFind("endpoint", name);
    return found;
  }

  #view(record: HostedEndpointRecord): HostedEndpoint {
    const { name, state, reason, createdAt, modifiedAt } = record;
    const live = this.#live.get(name);
    const plan = record.serving ?? record.wanted;
    const isComingBack = state === "InService" && live?.isRunning !== true;
    return {
      name,
      arn: arnOf("endpoint", name),
      status: isComingBack ? "SystemUpdating" : state,
      failureReason: reason,
      createdAt,
      modifiedAt,
      plan,
      configName: plan.config.EndpointConfigName,
      variants: live?.describe() ?? describeVariants(plan),
    };
  }
}

function withCapacities(plan: EndpointPlan, changes: readonly DesiredCapacity[]): EndpointPlan {
  const capacities = { ...plan.capacities };
  for (const { VariantName, DesiredWeight, DesiredInstanceCount } of changes) {
    const before = capacities[VariantName];
    if (before === undefined) {
      throw new ServingError("INVALID_REQUEST", `The endpoint has no variant "${VariantName}".`, {
        field: "VariantName",
        got: VariantName,
      });
    }
    capacities[VariantName] = {
      weight: DesiredWeight ?? before.weight,
      instances: DesiredInstanceCount ?? before.instances,
    };
  }
  return { ...plan, capacities };
}

function inProgress(what: "update" | "delete", name: string): ServingError {
  return new ServingError("CONFLICT", `Cannot ${what} in-progress endpoint "${arnOf("endpoint", name)}".`, {
    hint: "Wait until it is in service: the waiter endpoint_in_service does.",
  });
}

function notInService(name: string): ServingError {
  return new ServingError(
    "CONFLICT",
    `Cannot update endpoint "${arnOf("endpoint", name)}": it has never been in service.`,
  );
}
