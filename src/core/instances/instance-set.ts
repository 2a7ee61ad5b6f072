import type { DeploymentSpec, InstanceStatus } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  InstanceLauncher,
  InstanceLog,
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../ports/instance-launcher.ts";
import type { LoadSlots } from "../residency/load-slots.ts";
import type { DeploymentPool } from "../traffic/deployment-pool.ts";
import { BackOff } from "./back-off.ts";
import { type InstanceFailure, InstanceSupervisor } from "./instance-supervisor.ts";
import { Pause } from "./pause.ts";
import { RecentLines } from "./recent-lines.ts";

/** What is to run, and how to know whether something that runs already is the same. */
export interface DeploymentTarget {
  readonly order: LaunchOrder;
  /** Equal where running instances serve the one as well as the other. */
  readonly identity: string;
}

export interface InstanceSetOptions {
  readonly clock: Clock;
  readonly launcher: InstanceLauncher;
  readonly log: InstanceLog;
  /** Starts under way at once, of all deployments together. */
  readonly slots: LoadSlots;
  readonly target: DeploymentTarget;
  readonly instances: number;
  /** A set that has served before is started again for ever; a new one may fail. */
  readonly isPatient: boolean;
  /** Asked once it is prepared: resolves when its instances may start. */
  readonly mayLaunch: (prepared: PreparedDeployment) => Promise<void>;
  readonly events: InstanceSetEvents;
}

interface InstanceSetEvents {
  /** All that are wanted are ready. */
  readonly ready: () => void;
  /** It does not come up; one that is not patient has been stopped. */
  readonly failed: (failure: SetFailure) => void;
  readonly happened: (happening: Happening) => void;
}

export interface SetFailure {
  readonly summary: string;
  readonly probes: readonly string[];
  readonly hint: string | null;
  /** The last that its instances wrote. */
  readonly lines: readonly string[];
}

/** Something that people may want to know later. */
export interface Happening {
  readonly reason: string;
  readonly message: string;
  readonly level: "info" | "warn" | "error";
}

const stopGraceMs = 5_000;
const reportedLines = 20;
/** A start that takes longer than this lets others begin. */
const slotMs = 10_000;
/** A start that cannot be called off is not waited for longer than this when its set stops. */
const abandonMs = 30_000;

/** The instances of one revision of a deployment. */
export class InstanceSet {
  readonly #options: InstanceSetOptions;
  readonly #supervisors: InstanceSupervisor[] = [];
  /** Instances that are too many, until nothing of them is left. */
  readonly #surplus = new Map<InstanceSupervisor, Promise<void>>();
  readonly #pause: Pause;
  readonly #log: RecentLines;
  #target: DeploymentTarget;
  #wanted: number;
  #isPatient: boolean;
  #pool: DeploymentPool | null = null;
  #prepared: PreparedDeployment | null = null;
  #isStopped = false;
  #ending: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(options: InstanceSetOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#wanted = options.instances;
    this.#isPatient = options.isPatient;
    this.#pause = new Pause(options.clock);
    this.#log = new RecentLines(options.log, reportedLines);
    void this.#prepare();
  }

  get target(): DeploymentTarget {
    return this.#target;
  }

  /** Another target of the same identity: probes, names and counts may differ. */
  set target(target: DeploymentTarget) {
    this.#target = target;
  }

  get prepared(): PreparedDeployment | null {
    return this.#prepared;
  }

  get isReady(): boolean {
    return this.#supervisors.length === this.#count() && this.#supervisors.every(({ isReady }) => isReady);
  }

  get readyCount(): number {
    return this.#supervisors.filter(({ isReady }) => isReady).length;
  }

  get wanted(): number {
    return this.#wanted;
  }

  get statuses(): readonly InstanceStatus[] {
    if (this.#supervisors.length > 0) return this.#supervisors.map(({ status }) => status);
    const state = this.#isStopped ? "failed" : "starting";
    return Array.from({ length: this.#wanted }, (_, ordinal) => ({
      ordinal,
      state,
      restarts: 0,
      engine: null,
      where: null,
      reason: this.#trouble,
    }));
  }

  /** From now on calls go to those that are ready. */
  admit(pool: DeploymentPool): void {
    this.#pool = pool;
    for (const supervisor of this.#supervisors) supervisor.admit(pool);
  }

  /** It has served: from now on it is started again for ever. */
  trust(): void {
    this.#isPatient = true;
  }

  /** Starts more, or drains and stops those with the highest numbers. */
  resize(wanted: number, drainMs: number): void {
    this.#wanted = wanted;
    if (this.#prepared === null || this.#isStopped) return;
    while (this.#supervisors.length < this.#count()) this.#supervisors.push(this.#supervise(this.#prepared));
    for (const surplus of this.#supervisors.splice(this.#count())) {
      this.#retire(surplus, drainMs);
    }
    if (this.isReady) this.#options.events.ready();
  }

  /** Lets its calls end, for at most `drainMs`, and stops everything; resolves when nothing is left. */
  stop(drainMs: number): Promise<void> {
    this.#ending ??= this.#end((supervisor) => supervisor.retire(drainMs, stopGraceMs));
    return this.#ending;
  }

  /** Ends everything now, also what still drains. */
  async kill(): Promise<void> {
    const all = [...this.#supervisors, ...this.#surplus.keys()];
    const killed = Promise.all(all.map((supervisor) => supervisor.stop(0)));
    await Promise.all([killed, this.stop(0)]);
  }

  /** The same for a set that cannot run: the instances' statuses keep saying why. */
  #fail(failure: SetFailure): void {
    this.#trouble = failure.summary;
    this.#ending ??= this.#end((supervisor) => supervisor.fail(failure.summary, stopGraceMs));
    this.#options.events.failed(failure);
  }

  async #end(stop: (supervisor: InstanceSupervisor) => Promise<void>): Promise<void> {
    this.#isStopped = true;
    this.#pause.end();
    const stopped = Promise.all([...this.#supervisors.map(stop), ...this.#surplus.values()]);
    const patience = new Pause(this.#options.clock);
    await Promise.race([
      stopped,
      patience.for(abandonMs + this.#target.order.spec.request_settings.request_timeout_ms),
    ]);
    patience.end();
    await this.#prepared?.stop().catch((error: unknown) => {
      this.#log.line(
        null,
        "hostler",
        `What was prepared could not be given back: ${ServingError.from(error).message}`,
      );
    });
  }

  async #prepare(): Promise<void> {
    const { launcher, slots, mayLaunch } = this.#options;
    const backOff = new BackOff();
    while (!this.#isStopped) {
      try {
        const prepared = await slots.run(() => launcher.prepare(this.#target.order, this.#log));
        if (this.#hasStopped()) {
          await prepared.stop();
          return;
        }
        this.#prepared = prepared;
        await mayLaunch(prepared);
        this.#launchAll(prepared);
        return;
      } catch (error) {
        const failure = failureOf(error, this.#log.lines);
        this.#log.line(null, "hostler", failure.summary);
        if (this.#hasStopped()) return;
        if (!this.#isPatient) {
          this.#fail(failure);
          return;
        }
        this.#trouble = failure.summary;
        this.#options.events.failed(failure);
        await this.#pause.for(backOff.next());
      }
    }
  }

  #hasStopped(): boolean {
    return this.#isStopped;
  }

  #launchAll(prepared: PreparedDeployment): void {
    if (this.#isStopped) return;
    this.#trouble = null;
    if (prepared.isSingle && this.#wanted > 1) {
      const message = `Only one instance can run here, because it needs a port of its own; ${String(this.#wanted)} were asked for.`;
      this.#options.events.happened({ reason: "SingleInstance", message, level: "warn" });
    }
    this.resize(this.#wanted, 0);
  }

  /** Instances that can be had: two of a fixed port cannot. */
  #count(): number {
    return this.#prepared?.isSingle === true ? Math.min(1, this.#wanted) : this.#wanted;
  }

  #supervise(prepared: PreparedDeployment): InstanceSupervisor {
    const { clock, events } = this.#options;
    const ordinal = this.#supervisors.length;
    const name = `Instance ${String(ordinal)}`;
    const supervisor = new InstanceSupervisor({
      clock,
      ordinal,
      prepared,
      launch: (abandoned) => this.#launch(prepared, ordinal, abandoned),
      probes: () => probesOf(this.#target.order.spec),
      events: {
        ready: () => {
          events.happened({ reason: "InstanceReady", message: `${name} is ready.`, level: "info" });
          if (this.isReady) events.ready();
        },
        unready: (reason) => {
          events.happened({ reason: "InstanceUnready", message: `${name}: ${reason}.`, level: "warn" });
        },
        ended: (reason, delayMs) => {
          const message = `${name} ended: ${reason}. It is started again in ${String(delayMs)} ms.`;
          events.happened({ reason: "InstanceEnded", message, level: "error" });
        },
        hopeless: (failure) => {
          this.#despair(failure);
        },
      },
    });
    if (this.#pool !== null) supervisor.admit(this.#pool);
    return supervisor;
  }

  #launch(
    prepared: PreparedDeployment,
    ordinal: number,
    abandoned: Promise<unknown>,
  ): Promise<LaunchedInstance> {
    const { promise, resolve, reject } = Promise.withResolvers<LaunchedInstance>();
    const pause = new Pause(this.#options.clock);
    const place = { isWanted: true, hasBegun: false };
    void abandoned.then(() => {
      place.isWanted = false;
      if (!place.hasBegun) reject(new ServingError("SHUTTING_DOWN", "The instance is being stopped."));
    });
    void this.#options.slots.run(async () => {
      if (this.#isStopped) reject(new ServingError("SHUTTING_DOWN", "The deployment is being stopped."));
      if (this.#isStopped || !place.isWanted) return;
      place.hasBegun = true;
      const launching = prepared.launch(ordinal, abandoned);
      launching.then(resolve, reject);
      await Promise.race([launching.catch(() => undefined), pause.for(slotMs)]);
      pause.end();
    });
    return promise;
  }

  #despair({ ordinal, summary, probes }: InstanceFailure): void {
    if (this.#isStopped) return;
    const failure = {
      summary: `instance ${String(ordinal)}: ${summary}`,
      probes,
      hint: null,
      lines: [...this.#log.lines],
    };
    if (this.#isPatient) this.#options.events.failed(failure);
    else this.#fail(failure);
  }

  #retire(surplus: InstanceSupervisor, drainMs: number): void {
    const gone = surplus.retire(drainMs, stopGraceMs).finally(() => this.#surplus.delete(surplus));
    this.#surplus.set(surplus, gone);
  }
}

function probesOf({ liveness_probe, readiness_probe }: DeploymentSpec) {
  return { liveness: liveness_probe, readiness: readiness_probe };
}

function failureOf(error: unknown, lines: readonly string[]): SetFailure {
  const { message, details } = ServingError.from(error);
  return { summary: message, probes: [], hint: details.hint ?? null, lines: [...lines] };
}
