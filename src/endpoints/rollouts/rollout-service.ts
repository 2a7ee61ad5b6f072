import type { EndpointName } from "../../contracts/control/names.ts";
import type { Rollout, RolloutSpec } from "../../contracts/control/rollout.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Actor, RolloutOperations } from "../../core/ports/endpoint-operations.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { EndpointService } from "../endpoint-service.ts";
import type { EventLog } from "../event-log.ts";
import type { Journal } from "../journal.ts";
import type { LiveEndpoints, RunningEndpoint } from "../live-endpoints.ts";
import type { DeploymentRecord, RolloutRecord, RolloutRecords } from "../records.ts";
import { attempt } from "../shared/attempt.ts";
import { logged } from "../shared/logged.ts";
import { trafficText } from "../traffic-rules.ts";
import { totalsOf } from "./measurements.ts";
import { RolloutWatch } from "./rollout-watch.ts";
import { checkStart } from "./start-rules.ts";
import { type Shares, sharesAt } from "./shares.ts";

export interface RolloutServiceOptions {
  readonly records: RolloutRecords;
  readonly endpoints: EndpointService;
  readonly deploymentsOf: (endpoint: EndpointName) => readonly DeploymentRecord[];
  readonly live: LiveEndpoints;
  readonly journal: Journal;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The time, as ISO 8601 text. */
  readonly timestamp: () => string;
}

interface Running {
  record: RolloutRecord;
  readonly watch: RolloutWatch;
}

interface Ending {
  readonly state: "succeeded" | "rolled_back" | "cancelled";
  readonly reason: string | null;
  readonly actor: Actor;
  /** Null leaves the traffic as it is. */
  readonly traffic: Shares | null;
}

/** What the history calls a rollout's own changes. */
const self: Actor = { name: "hostler rollout" };

/** Moves traffic to a deployment step by step, and back as soon as a limit is broken. */
export class RolloutService implements RolloutOperations {
  readonly #options: RolloutServiceOptions;
  readonly #running = new Map<EndpointName, Running>();

  constructor(options: RolloutServiceOptions) {
    this.#options = options;
  }

  start(name: EndpointName, spec: RolloutSpec, actor: Actor): Promise<Rollout> {
    return attempt(() => {
      const { endpoints, records, journal, live, timestamp, deploymentsOf } = this.#options;
      const { traffic } = endpoints.record(name).spec;
      if (this.#running.has(name)) throw alreadyRunning(name);
      const comparison = live.get(name)?.state.comparison.summary() ?? null;
      checkStart({ endpoint: name, spec, traffic, comparison, deployments: deploymentsOf(name) });
      const rollout: Rollout = {
        ...spec,
        state: "running",
        step: 0,
        before: { ...traffic },
        started_at: timestamp(),
        ended_at: null,
        reason: null,
      };
      const what = `start rollout to ${spec.to}`;
      const record = journal.record({ endpoint: name, actor, what }, () => {
        const { mirror_traffic } = endpoints.record(name).spec;
        // A deployment cannot get live calls and copies of them.
        const mirror = mirror_traffic[spec.to] === undefined ? mirror_traffic : {};
        endpoints.shiftTraffic(
          name,
          { traffic: stepTraffic(rollout), mirror_traffic: mirror },
          { actor, what },
        );
        return records.insert(name, rollout);
      });
      this.#watch(record);
      return rollout;
    });
  }

  get(name: EndpointName): Promise<Rollout | null> {
    return attempt(() => {
      this.#options.endpoints.record(name);
      return this.#options.records.newest(name)?.rollout ?? null;
    });
  }

  cancel(
    name: EndpointName,
    { actor, undo }: { readonly actor: Actor; readonly undo: boolean },
  ): Promise<Rollout> {
    return attempt(() => {
      this.#options.endpoints.record(name);
      const running = this.#running.get(name);
      if (running === undefined) {
        throw new ServingError("CONFLICT", `No rollout is running on ${name}.`, {
          hint: `To take back a finished one: hostler rollout undo ${name}.`,
        });
      }
      const { before } = running.record.rollout;
      const reason = `cancelled by ${actor.name}`;
      return this.#end(running, { state: "cancelled", reason, actor, traffic: undo ? before : null });
    });
  }

  /** Somebody else has changed the traffic: what they say goes. */
  overtaken(name: EndpointName, actor: Actor): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    const reason = `the traffic was changed by ${actor.name}`;
    this.#end(running, { state: "cancelled", reason, actor, traffic: null });
  }

  /** Whether a rollout needs this deployment, which it moves traffic to or may have to move it back to. */
  needs(endpoint: EndpointName, deployment: string): boolean {
    const rollout = this.#running.get(endpoint)?.record.rollout;
    return rollout !== undefined && (rollout.to === deployment || (rollout.before[deployment] ?? 0) > 0);
  }

  /** Goes on with what was under way when the process ended, from the step it was at. */
  resume(): void {
    for (const record of this.#options.records.running()) {
      const { traffic } = this.#options.endpoints.record(record.endpoint).spec;
      this.#watch(record);
      const running = this.#running.get(record.endpoint);
      if (running === undefined || sameShares(traffic, stepTraffic(record.rollout))) continue;
      const reason = "the traffic is not what its step had made it";
      this.#end(running, { state: "cancelled", reason, actor: self, traffic: null });
    }
  }

  stop(): void {
    for (const { watch } of this.#running.values()) watch.stop();
    this.#running.clear();
  }

  #watch(record: RolloutRecord): void {
    const { clock, logger, live } = this.#options;
    const { endpoint, rollout } = record;
    const running: Running = {
      record,
      watch: new RolloutWatch({
        clock,
        rails: rollout.guard_rails,
        stepMs: rollout.step_seconds * 1000,
        measure: () => measure(live.get(endpoint), rollout),
        outage: () => outageOf(live.get(endpoint), rollout),
        onBreach: (breach) => {
          const reason = `${rollout.to}: ${breach}`;
          logged(logger, "a rollout could not be rolled back", () => {
            this.#end(running, { state: "rolled_back", reason, actor: self, traffic: rollout.before });
          });
        },
        onStepEnd: () => {
          logged(logger, "a rollout's step could not be written", () => {
            this.#nextStep(running);
          });
        },
      }),
    };
    this.#running.set(endpoint, running);
  }

  #nextStep(running: Running): void {
    const { journal, endpoints, records } = this.#options;
    const { endpoint, rollout } = running.record;
    const step = rollout.step + 1;
    if (step >= rollout.steps.length) {
      this.#end(running, { state: "succeeded", reason: null, actor: self, traffic: null });
      return;
    }
    const next = { ...running.record, rollout: { ...rollout, step } };
    const what = `rollout to ${rollout.to}, step ${String(step + 1)} of ${String(rollout.steps.length)}`;
    journal.record({ endpoint, actor: self, what }, () => {
      endpoints.shiftTraffic(endpoint, { traffic: stepTraffic(next.rollout) }, { actor: self, what });
      records.update(next);
    });
    running.record = next;
    running.watch.beginStep();
  }

  #end(running: Running, { state, reason, actor, traffic }: Ending): Rollout {
    const { journal, endpoints, records, events, timestamp } = this.#options;
    const { record, watch } = running;
    const rollout: Rollout = { ...record.rollout, state, reason, ended_at: timestamp() };
    const what = `rollout to ${rollout.to} ${state.replace("_", " ")}`;
    journal.record({ endpoint: record.endpoint, actor, what }, () => {
      if (traffic !== null) endpoints.shiftTraffic(record.endpoint, { traffic }, { actor, what });
      records.update({ ...record, rollout });
    });
    // Not before that is written: one that could not be ended is watched on, and tried again.
    watch.stop();
    this.#running.delete(record.endpoint);
    const level = state === "rolled_back" ? "error" : "info";
    const message = reason === null ? `All traffic goes to ${rollout.to}.` : `${reason}.`;
    events.add(record.endpoint, rollout.to, { reason: eventReasons[state], message, level });
    return rollout;
  }
}

const eventReasons: Readonly<Record<Ending["state"], string>> = {
  succeeded: "RolloutSucceeded",
  rolled_back: "RolloutRolledBack",
  cancelled: "RolloutCancelled",
};

function stepTraffic({ before, to, steps, step }: Rollout): Shares {
  return sharesAt(before, to, steps[step] ?? 100);
}

function sameShares(one: Shares, other: Shares): boolean {
  const sorted = (shares: Shares): string => trafficText(Object.fromEntries(Object.entries(shares).sort()));
  return sorted(one) === sorted(other);
}

function measure(running: RunningEndpoint | undefined, { to, before }: Rollout) {
  const pools = [...(running?.deployments ?? [])].map(([name, { pool }]) => ({
    name,
    metrics: pool.metrics(),
  }));
  const isLive = (name: string): boolean => name !== to && (before[name] ?? 0) > 0;
  return {
    fresh: totalsOf(pools.filter(({ name }) => name === to).map(({ metrics }) => metrics)),
    live: totalsOf(pools.filter(({ name }) => isLive(name)).map(({ metrics }) => metrics)),
  };
}

/** Calls that wait for an instance fail only after their time-out: too late. */
function outageOf(running: RunningEndpoint | undefined, { to }: Rollout): string | null {
  const instances = running?.deployments.get(to)?.runner.instances ?? [];
  if (instances.some(({ state }) => state === "ready")) return null;
  const reason = instances.find((instance) => instance.reason !== null)?.reason;
  return `none of its instances is ready${reason === undefined || reason === null ? "" : ` (${reason})`}`;
}

function alreadyRunning(name: EndpointName): ServingError {
  return new ServingError("CONFLICT", `A rollout is running on ${name} already.`, {
    hint: `Cancel it first: hostler rollout cancel ${name}.`,
  });
}
