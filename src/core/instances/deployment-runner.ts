import type { DeploymentSpec, InstanceStatus } from "../../contracts/control/deployment.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  InstanceLauncher,
  InstanceLog,
  LaunchOrder,
  PreparedDeployment,
} from "../ports/instance-launcher.ts";
import type { LoadSlots } from "../residency/load-slots.ts";
import type { DeploymentPool } from "../traffic/deployment-pool.ts";
import { Autoscaler, type Load, neededInstances } from "./autoscaler.ts";
import { describeFailure } from "./failure-report.ts";
import { type DeploymentTarget, type Happening, InstanceSet, type SetFailure } from "./instance-set.ts";

export interface RunnerOptions {
  readonly clock: Clock;
  readonly launcher: InstanceLauncher;
  readonly pool: DeploymentPool;
  readonly log: InstanceLog;
  readonly slots: LoadSlots;
  readonly events: RunnerEvents;
}

interface RunnerEvents {
  /** What was asked for last runs, or cannot: once for every {@link DeploymentRunner.apply} that no later one overtook. */
  readonly settled: (target: DeploymentTarget, outcome: RunnerOutcome) => void;
  readonly happened: (happening: Happening) => void;
}

export type RunnerOutcome =
  | { readonly kind: "succeeded" }
  /** The reason is a whole report: what happened, the probes, the last lines of the log, what to do. */
  | { readonly kind: "failed"; readonly reason: string };

/** A call gets its time-out, and this much more for its answer to leave. */
const drainGraceMs = 1_000;

/**
 * Makes a deployment run as its newest target says. Instances of a new revision start beside the old ones, which serve
 * until the new ones are ready, and go on serving if those fail. SPEC.md says what leads to what.
 */
export class DeploymentRunner {
  readonly #options: RunnerOptions;
  readonly #retiring = new Map<InstanceSet, Promise<void>>();
  /** Serves. */
  #active: InstanceSet | null = null;
  /** Is to take its place. */
  #candidate: InstanceSet | null = null;
  /** What had to stop before its successor could start; it comes back if that fails. */
  #parked: DeploymentTarget | null = null;
  /** Says why nothing runs. */
  #failed: InstanceSet | null = null;
  /** Asked for, and neither running nor failed yet. */
  #goal: DeploymentTarget | null = null;
  #autoscaler: Autoscaler | null = null;
  #lastComplaint = "";
  #isStopped = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** What runs, or is about to. */
  get orders(): readonly LaunchOrder[] {
    return [this.#active, this.#candidate].flatMap((set) => (set === null ? [] : [set.target.order]));
  }

  get instances(): readonly InstanceStatus[] {
    return (this.#active ?? this.#candidate ?? this.#failed)?.statuses ?? [];
  }

  /** Starts what served before: it is tried for ever, and nobody is told of an outcome. */
  restore(target: DeploymentTarget): void {
    this.#configure(target);
    this.#active = this.#start(target, { isPatient: true });
    this.#active.admit(this.#options.pool);
  }

  /** Goes for a new target; the one before it, if it is still on its way, is given up. */
  apply(target: DeploymentTarget): void {
    if (this.#isStopped) return;
    this.#goal = target;
    this.#failed = null;
    this.#lastComplaint = "";
    const running = this.#sameAs(target);
    if (running !== this.#candidate) this.#dropCandidate();
    this.#configure(target);
    if (running === null) this.#replace(target);
    else {
      running.target = target;
      running.resize(this.#instancesFor(target.order.spec), this.#drainMs);
    }
  }

  /** Takes no further calls, lets those under way end (or not, with `force`), and ends every instance. */
  async stop({ force }: { readonly force: boolean }): Promise<void> {
    this.#isStopped = true;
    this.#goal = null;
    this.#autoscaler?.stop();
    this.#options.pool.close();
    this.#dropCandidate();
    if (this.#active !== null) this.#retire(this.#active, this.#drainMs);
    if (force) await Promise.all([...this.#retiring.keys()].map((set) => set.kill()));
    await Promise.all(this.#retiring.values());
  }

  #sameAs({ identity }: DeploymentTarget): InstanceSet | null {
    const sets = [this.#active, this.#candidate];
    return sets.find((set) => set?.target.identity === identity) ?? null;
  }

  #replace(target: DeploymentTarget): void {
    const candidate = this.#start(target, { isPatient: false });
    this.#candidate = candidate;
    // Where nothing serves, the first instance that is ready may do so at once.
    if (this.#active === null) candidate.admit(this.#options.pool);
  }

  #start(target: DeploymentTarget, { isPatient }: { readonly isPatient: boolean }): InstanceSet {
    const { clock, launcher, log, slots, events } = this.#options;
    const set: InstanceSet = new InstanceSet({
      clock,
      launcher,
      log,
      slots,
      target,
      isPatient,
      instances: this.#instancesFor(target.order.spec),
      mayLaunch: (prepared) => this.#makeRoom(prepared, target),
      events: {
        ready: () => {
          this.#becameReady(set);
        },
        failed: (failure) => {
          this.#hasFailed(set, failure);
        },
        happened: events.happened,
      },
    });
    return set;
  }

  /** Where two revisions would fight for a port the old one has to go before the new one starts. */
  async #makeRoom({ isSingle }: PreparedDeployment, { identity }: DeploymentTarget): Promise<void> {
    const candidate = this.#candidate;
    if (!isSingle || candidate?.target.identity !== identity) return;
    // What has no port of its own serves on. Of what is still being prepared nobody knows yet.
    if (this.#active !== null && this.#active.prepared?.isSingle !== false) {
      this.#parked = this.#active.target;
      this.#retire(this.#active, this.#drainMs);
      this.#active = null;
      candidate.admit(this.#options.pool);
    }
    await Promise.all(this.#retiring.values());
  }

  #becameReady(set: InstanceSet): void {
    if (set === this.#candidate) this.#flip(set);
    if (set !== this.#active || this.#goal?.identity !== set.target.identity) return;
    const target = this.#goal;
    this.#goal = null;
    this.#options.events.settled(target, { kind: "succeeded" });
  }

  /** All in one go, so that no call finds neither. */
  #flip(candidate: InstanceSet): void {
    const old = this.#active;
    this.#candidate = null;
    this.#parked = null;
    this.#active = candidate;
    candidate.trust();
    candidate.admit(this.#options.pool);
    if (old !== null) this.#retire(old, this.#drainMs);
  }

  #hasFailed(set: InstanceSet, failure: SetFailure): void {
    const { events } = this.#options;
    const { name } = set.target.order.spec;
    const reason = describeFailure(name, failure);
    if (failure.summary !== this.#lastComplaint) {
      this.#lastComplaint = failure.summary;
      events.happened({ reason: "StartFailed", message: failure.summary, level: "error" });
    }
    if (set === this.#candidate) this.#fallBack(set);
    const target = this.#goal;
    if (target?.identity !== set.target.identity) return;
    this.#goal = null;
    events.settled(target, { kind: "failed", reason });
  }

  #fallBack(failed: InstanceSet): void {
    this.#candidate = null;
    this.#failed = failed;
    this.#retire(failed, 0);
    const parked = this.#parked;
    this.#parked = null;
    if (parked !== null && !this.#isStopped) this.restore(parked);
    else if (this.#active !== null) this.#configure(this.#active.target);
  }

  #dropCandidate(): void {
    if (this.#candidate !== null) this.#retire(this.#candidate, 0);
    this.#candidate = null;
  }

  #retire(set: InstanceSet, drainMs: number): void {
    const stopped = set.stop(drainMs).finally(() => this.#retiring.delete(set));
    this.#retiring.set(set, stopped);
  }

  get #drainMs(): number {
    const spec = (this.#active ?? this.#candidate)?.target.order.spec;
    return (spec?.request_settings.request_timeout_ms ?? 0) + drainGraceMs;
  }

  /** What takes effect without a restart. */
  #configure({ order: { spec } }: DeploymentTarget): void {
    const { request_timeout_ms, max_concurrent_requests_per_instance, max_queue_wait_ms } =
      spec.request_settings;
    this.#options.pool.configure({
      timeoutMs: request_timeout_ms,
      maxConcurrentPerInstance: max_concurrent_requests_per_instance,
      maxQueueWaitMs: max_queue_wait_ms,
    });
    this.#autoscaler?.stop();
    const { scale_settings: settings } = spec;
    this.#autoscaler =
      settings.type === "default"
        ? null
        : new Autoscaler({
            clock: this.#options.clock,
            settings,
            load: () => this.#load(spec),
            resize: (instances) => {
              this.#scale(instances);
            },
          });
  }

  #instancesFor({ instance_count, scale_settings }: DeploymentSpec): number {
    if (scale_settings.type === "default") return instance_count;
    const current = this.#active?.wanted ?? instance_count;
    return neededInstances(
      { ...scale_settings, target_utilization_percentage: 100 },
      { calls: current, callsPerInstance: 1 },
    );
  }

  #load({ request_settings }: DeploymentSpec): Load {
    const { inFlight, queued } = this.#options.pool.metrics();
    const limit =
      request_settings.max_concurrent_requests_per_instance ?? this.#active?.prepared?.parallelCalls;
    return { calls: inFlight + queued, instances: this.#active?.wanted ?? 0, callsPerInstance: limit ?? 1 };
  }

  #scale(instances: number): void {
    const active = this.#active;
    if (active === null || active.wanted === instances) return;
    const message = `From ${String(active.wanted)} to ${String(instances)} instances.`;
    this.#options.events.happened({ reason: "Scaled", message, level: "info" });
    active.resize(instances, this.#drainMs);
  }
}
