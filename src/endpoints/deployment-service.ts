import { isDeepStrictEqual } from "node:util";
import type { AssetKind } from "../contracts/control/assets.ts";
import type { Deployment, DeploymentSpec } from "../contracts/control/deployment.ts";
import type { ProvisioningState } from "../contracts/control/endpoint.ts";
import type { DeploymentName, EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import { DeploymentRunner, type RunnerOutcome } from "../core/instances/deployment-runner.ts";
import type { DeploymentTarget } from "../core/instances/instance-set.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { DeploymentOperations } from "../core/ports/deployment-operations.ts";
import type { Actor } from "../core/ports/endpoint-operations.ts";
import type { InstanceLauncher } from "../core/ports/instance-launcher.ts";
import type { Logger } from "../core/ports/logger.ts";
import { LoadSlots } from "../core/residency/load-slots.ts";
import { DeploymentPool } from "../core/traffic/deployment-pool.ts";
import type { EndpointService } from "./endpoint-service.ts";
import type { EventLog } from "./event-log.ts";
import type { Journal } from "./journal.ts";
import { type AssetResolver, pinned, targetOf } from "./launch-targets.ts";
import type { LiveEndpoints, RunningDeployment, RunningEndpoint } from "./live-endpoints.ts";
import { type LogContainer, LogBook } from "./log-book.ts";
import { stillDeleting, unknownDeployment } from "./not-found.ts";
import type { AssetTarget, DeploymentKey, DeploymentRecord } from "./records.ts";
import { attempt } from "./shared/attempt.ts";
import { logged } from "./shared/logged.ts";
import { Waiters } from "./shared/waiters.ts";
import type { Store } from "./store/store.ts";
import { deploymentView } from "./views.ts";

export interface DeploymentServiceOptions {
  readonly store: Store;
  readonly journal: Journal;
  readonly events: EventLog;
  readonly live: LiveEndpoints;
  readonly endpoints: EndpointService;
  readonly assets: AssetResolver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: InstanceLauncher;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  /** Whether a rollout moves traffic to it, or may have to move it back. */
  readonly isNeeded: (key: DeploymentKey) => boolean;
  /** Told when nothing is left of a deployment, or of all of an endpoint. */
  readonly ended: () => void;
}

/** Starts under way at once, of all deployments together. */
const concurrentStarts = 16;

const finalStates: ReadonlySet<ProvisioningState> = new Set(["Succeeded", "Failed", "Canceled"]);

/** Deployments: what somebody wants, made durable and made to run. */
export class DeploymentService implements DeploymentOperations {
  readonly #options: DeploymentServiceOptions;
  readonly #slots = new LoadSlots(concurrentStarts);
  readonly #waiters: Waiters;
  /** Everything that runs, also what is being deleted. */
  readonly #runners = new Set<DeploymentRunner>();
  /** Gone, but for the calls that are under way, unless an undo has brought it back; by {@link labelOf}. */
  readonly #deleting = new Map<string, Deployment>();

  constructor(options: DeploymentServiceOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.clock);
  }

  list(endpoint: EndpointName): Promise<readonly Deployment[]> {
    return attempt(() => {
      this.#options.endpoints.record(endpoint);
      const stored = this.#options.store.deployments.of(endpoint).map((record) => this.#view(record));
      const names = new Set(stored.map(({ name }) => name));
      const going = [...this.#deleting.values()].filter(
        ({ endpoint_name, name }) => endpoint_name === endpoint && !names.has(name),
      );
      return [...stored, ...going].sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  async get(endpoint: EndpointName, name: DeploymentName, waitMs = 0): Promise<Deployment> {
    const now = this.#find({ endpoint, name });
    if (waitMs <= 0 || finalStates.has(now.provisioning_state)) return now;
    await this.#waiters.wait(labelOf({ endpoint, name }), waitMs);
    return this.#find({ endpoint, name });
  }

  put(
    spec: DeploymentSpec,
    { actor, create }: { readonly actor: Actor; readonly create: boolean },
  ): Promise<Deployment> {
    return attempt(() => {
      const key = keyOf(spec);
      this.#options.endpoints.record(key.endpoint);
      if (this.#going(key) !== undefined) throw stillDeleting("deployment", labelOf(key));
      const old = this.#options.store.deployments.find(key);
      if (old !== undefined && create) throw taken(key);
      return this.replace(spec, actor);
    });
  }

  /** Creates or replaces at once. @throws ServingError as {@link DeploymentOperations.put} */
  replace(wanted: DeploymentSpec, actor: Actor): Deployment {
    const { store, journal, assets } = this.#options;
    const spec = pinned(wanted, assets);
    const key = keyOf(spec);
    const old = store.deployments.find(key);
    const isSame = old !== undefined && isDeepStrictEqual(spec, old.spec);
    if (isSame && old.state !== "Failed") return this.#view(old);
    const what = `${old === undefined ? "create" : "update"} deployment ${key.name}`;
    journal.record({ endpoint: key.endpoint, actor, what }, ({ revision, at, after }) => {
      const target = targetOf(spec, isSame ? old.revision : revision, assets);
      const record: DeploymentRecord = {
        spec,
        serving: this.#servingAfter(old, target),
        state: old === undefined || old.serving === null ? "Creating" : "Updating",
        reason: null,
        revision: target.order.revision,
        createdAt: old?.createdAt ?? at,
        modifiedAt: at,
      };
      store.deployments.put(record);
      after(() => {
        this.#open(key)?.runner.apply(target);
      });
    });
    return this.#view(this.#record(key));
  }

  delete(endpoint: EndpointName, name: DeploymentName, actor: Actor): Promise<void> {
    return attempt(() => {
      const key = { endpoint, name };
      if (this.#going(key) !== undefined) return;
      this.#record(key);
      const percent = this.#options.endpoints.record(endpoint).spec.traffic[name] ?? 0;
      if (percent > 0) throw inUse(key, percent);
      if (this.#options.isNeeded(key)) throw inRollout(key);
      this.remove(key, actor);
    });
  }

  /** Deletes one without traffic at once; it drains afterwards. @throws ServingError DEPLOYMENT_NOT_FOUND */
  remove(key: DeploymentKey, actor: Actor): void {
    const { store, journal, live, endpoints } = this.#options;
    const view = this.#view(this.#record(key));
    const what = `delete deployment ${key.name}`;
    journal.record({ endpoint: key.endpoint, actor, what }, ({ after }) => {
      const { mirror_traffic } = endpoints.record(key.endpoint).spec;
      if (mirror_traffic[key.name] !== undefined) {
        endpoints.shiftTraffic(key.endpoint, { mirror_traffic: {} }, { actor, what });
      }
      store.deployments.delete(key);
      after(() => {
        const running = live.get(key.endpoint)?.deployments.get(key.name);
        live.get(key.endpoint)?.state.removeDeployment(key.name);
        live.get(key.endpoint)?.deployments.delete(key.name);
        const going: Deployment = { ...view, provisioning_state: "Deleting" };
        this.#deleting.set(labelOf(key), going);
        void this.#finishDelete(key, running, going);
      });
    });
  }

  logs(
    endpoint: EndpointName,
    name: DeploymentName,
    { lines, container }: { readonly lines: number; readonly container: LogContainer },
  ): Promise<string> {
    return attempt(() => {
      this.#find({ endpoint, name });
      const log = this.#options.live.get(endpoint)?.deployments.get(name)?.log;
      const last = log?.last(container, lines) ?? [];
      return last.length === 0 ? "" : `${last.join("\n")}\n`;
    });
  }

  /** Makes room for a stored deployment's calls, which wait until it runs. */
  prepare({ spec }: DeploymentRecord): void {
    this.#open(keyOf(spec));
  }

  /** Starts a stored deployment: what served before at once, and what was under way beside it. */
  restore(record: DeploymentRecord): void {
    const { spec, serving, state, revision } = record;
    const running = this.#open(keyOf(spec));
    if (running === undefined) return;
    try {
      if (serving !== null) running.runner.restore(this.#target(serving, revision));
      const isOpen = !finalStates.has(state) || (state === "Failed" && serving === null);
      if (!isOpen) return;
      if (state === "Failed")
        this.#options.store.deployments.put({ ...record, state: "Creating", reason: null });
      running.runner.apply(this.#target(spec, revision));
    } catch (error) {
      const { message } = ServingError.from(error);
      this.#options.store.deployments.put({ ...record, state: "Failed", reason: message });
      this.#options.events.add(spec.endpoint_name, spec.name, {
        reason: "StartFailed",
        message,
        level: "error",
      });
    }
  }

  /** The deployment that uses an asset, as `e/blue`; null for none. */
  userOf(kind: AssetKind, name: string, version: string): string | null {
    const uses = (spec: DeploymentSpec | null): boolean => usesAsset(spec, kind, { name, version });
    const isRunning = ({ spec }: DeploymentRecord): boolean => {
      const running = this.#options.live.get(spec.endpoint_name)?.deployments.get(spec.name);
      return running?.runner.orders.some((order) => uses(order.spec)) ?? false;
    };
    const user = this.#options.store.deployments
      .all()
      .find((record) => uses(record.spec) || uses(record.serving) || isRunning(record));
    return user === undefined ? null : labelOf(keyOf(user.spec));
  }

  /** Whether anything that runs, or still drains, was started with this asset. */
  isRunning(kind: AssetKind, target: AssetTarget): boolean {
    const orders = [...this.#runners].flatMap((runner) => runner.orders);
    return orders.some(({ spec }) => usesAsset(spec, kind, target));
  }

  /** Ends what runs for an endpoint that has been deleted. */
  async close(endpoint: RunningEndpoint): Promise<void> {
    for (const name of endpoint.deployments.keys()) {
      this.#waiters.tell(labelOf({ endpoint: endpoint.state.name, name }));
    }
    await Promise.all([...endpoint.deployments.values()].map(({ runner }) => this.#end(runner)));
    this.#options.ended();
  }

  /** Ends everything. */
  async stop({ force }: { readonly force: boolean }): Promise<void> {
    this.#waiters.stop();
    await Promise.all([...this.#runners].map((runner) => runner.stop({ force })));
  }

  async #end(runner: DeploymentRunner): Promise<void> {
    await runner.stop({ force: false });
    this.#runners.delete(runner);
  }

  /** What does not change how instances are started is in force at once. */
  #servingAfter(old: DeploymentRecord | undefined, target: DeploymentTarget): DeploymentSpec | null {
    const serving = old?.serving ?? null;
    if (old === undefined || serving === null) return null;
    return this.#target(serving, old.revision).identity === target.identity ? target.order.spec : serving;
  }

  #target(spec: DeploymentSpec, revision: number): DeploymentTarget {
    return targetOf(spec, revision, this.#options.assets);
  }

  /** What runs for a deployment, made if there is nothing yet; undefined where its endpoint has gone. */
  #open(key: DeploymentKey): RunningDeployment | undefined {
    const { live, clock, logger, launcher, events, wallTime } = this.#options;
    const endpoint = live.get(key.endpoint);
    const known = endpoint?.deployments.get(key.name);
    if (endpoint === undefined || known !== undefined) return known;
    const pool = new DeploymentPool({ ...key, clock });
    const log = new LogBook(wallTime);
    const runner = new DeploymentRunner({
      clock,
      launcher,
      pool,
      log,
      slots: this.#slots,
      events: {
        settled: (target, outcome) => {
          logged(logger, "a deployment's outcome could not be written", () => {
            this.#settle(key, target, outcome);
          });
        },
        happened: (happening) => {
          events.add(key.endpoint, key.name, happening);
        },
      },
    });
    const running = { pool, runner, log };
    this.#runners.add(runner);
    endpoint.deployments.set(key.name, running);
    endpoint.state.setDeployment(pool);
    return running;
  }

  #settle(key: DeploymentKey, { order }: DeploymentTarget, outcome: RunnerOutcome): void {
    const { store, events } = this.#options;
    const record = store.deployments.find(key);
    if (record === undefined) return;
    const hasSucceeded = outcome.kind === "succeeded";
    store.deployments.put({
      ...record,
      state: hasSucceeded ? "Succeeded" : "Failed",
      reason: hasSucceeded ? null : outcome.reason,
      serving: hasSucceeded ? record.spec : record.serving,
    });
    if (hasSucceeded) {
      const message = `Revision ${String(order.revision)} serves.`;
      events.add(key.endpoint, key.name, { reason: "DeploymentSucceeded", message, level: "info" });
    }
    this.#waiters.tell(labelOf(key));
  }

  async #finishDelete(
    key: DeploymentKey,
    running: RunningDeployment | undefined,
    going: Deployment,
  ): Promise<void> {
    if (running !== undefined) await this.#end(running.runner);
    // One that was brought back and deleted again goes on.
    if (this.#deleting.get(labelOf(key)) === going) this.#deleting.delete(labelOf(key));
    this.#waiters.tell(labelOf(key));
    this.#options.ended();
  }

  #find(key: DeploymentKey): Deployment {
    return this.#going(key) ?? this.#view(this.#record(key));
  }

  /** One that is being deleted; an undo brings one back while what ran for it still drains. */
  #going(key: DeploymentKey): Deployment | undefined {
    return this.#options.store.deployments.find(key) === undefined
      ? this.#deleting.get(labelOf(key))
      : undefined;
  }

  #record(key: DeploymentKey): DeploymentRecord {
    const { store, endpoints } = this.#options;
    const found = store.deployments.find(key);
    if (found !== undefined) return found;
    endpoints.record(key.endpoint);
    const known = store.deployments.of(key.endpoint).map(({ spec }) => spec.name);
    throw unknownDeployment(key.endpoint, key.name, known);
  }

  #view(record: DeploymentRecord): Deployment {
    const { endpoint_name, name } = record.spec;
    return deploymentView(record, this.#options.live.get(endpoint_name)?.deployments.get(name));
  }
}

function usesAsset(spec: DeploymentSpec | null, kind: AssetKind, { name, version }: AssetTarget): boolean {
  const named = {
    models: spec?.model,
    environments: spec?.environment,
    codes: spec?.code_configuration?.code,
  }[kind];
  return named?.name === name && named.version === version;
}

function keyOf({ endpoint_name, name }: DeploymentSpec): DeploymentKey {
  return { endpoint: endpoint_name, name };
}

function labelOf({ endpoint, name }: DeploymentKey): string {
  return `${endpoint}/${name}`;
}

function taken({ endpoint, name }: DeploymentKey): ServingError {
  return new ServingError("ALREADY_EXISTS", `The endpoint ${endpoint} has a deployment ${name} already.`, {
    field: "name",
    got: name,
    hint: "Update it, or choose another name.",
  });
}

function inUse({ endpoint, name }: DeploymentKey, percent: number): ServingError {
  const message = `The deployment ${name} gets ${String(percent)} percent of the traffic of ${endpoint}.`;
  return new ServingError("CONFLICT", message, {
    hint: `Move the traffic first, as: hostler ml online-endpoint update -n ${endpoint} --traffic "other=100".`,
  });
}

function inRollout({ endpoint, name }: DeploymentKey): ServingError {
  return new ServingError("CONFLICT", `A rollout of ${endpoint} needs the deployment ${name}.`, {
    hint: `Wait for its end, or cancel it: hostler rollout cancel ${endpoint}.`,
  });
}
