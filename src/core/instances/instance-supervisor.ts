import type { InstanceStatus } from "../../contracts/control/deployment.ts";
import type { Clock } from "../ports/clock.ts";
import type { LaunchedInstance, PreparedDeployment } from "../ports/instance-launcher.ts";
import type { DeploymentPool, PoolMember } from "../traffic/deployment-pool.ts";
import { BackOff } from "./back-off.ts";
import { InstanceLife, type Probes } from "./instance-life.ts";
import { Pause } from "./pause.ts";

/** An instance that has run this long is healthy, whatever came before. */
const healthyAfterMs = 10_000;
/** Ends before it was ever ready after which nobody believes in it any more. */
const mostFailedStarts = 3;

/** Why an instance does not come up, for people. */
export interface InstanceFailure {
  readonly ordinal: number;
  /** As `it ended 3 times before it was ready: exit code 3`. */
  readonly summary: string;
  readonly probes: readonly string[];
}

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly ordinal: number;
  readonly prepared: PreparedDeployment;
  readonly launch: (abandoned: Promise<unknown>) => Promise<LaunchedInstance>;
  readonly probes: () => Probes;
  readonly events: SupervisorEvents;
}

interface SupervisorEvents {
  readonly ready: () => void;
  readonly unready: (reason: string) => void;
  /** It ended unasked, and is started again after that time. */
  readonly ended: (reason: string, delayMs: number) => void;
  /** It has never been ready, and it will not be; it is tried again all the same until it is stopped. */
  readonly hopeless: (failure: InstanceFailure) => void;
}

/** Keeps one instance running: starts it, probes it, and starts it again when it ends. */
export class InstanceSupervisor {
  readonly ordinal: number;
  readonly #options: SupervisorOptions;
  readonly #backOff = new BackOff();
  readonly #pause: Pause;
  readonly #done: Promise<void>;
  #pool: DeploymentPool | null = null;
  #member: PoolMember | null = null;
  #life: InstanceLife | null = null;
  #launched: LaunchedInstance | null = null;
  #restarts = 0;
  #failedStarts = 0;
  #wasEverReady = false;
  #reason: string | null = null;
  #state: "running" | "stopped" | "failed" = "running";

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.ordinal = options.ordinal;
    this.#pause = new Pause(options.clock);
    this.#done = this.#keepRunning();
  }

  get isReady(): boolean {
    return this.#life?.isReady ?? false;
  }

  get status(): InstanceStatus {
    return {
      ordinal: this.ordinal,
      state: this.#statusState(),
      restarts: this.#restarts,
      engine: this.#options.prepared.engine,
      where: this.#life?.where ?? null,
      reason: this.isReady ? null : this.#reason,
    };
  }

  /** From now on calls go to it whenever it is ready. */
  admit(pool: DeploymentPool): void {
    this.#pool = pool;
    if (this.isReady && this.#member === null) this.#join();
  }

  /** Lets its calls end, for at most `drainMs`, and stops it; resolves when nothing of it is left. */
  async retire(drainMs: number, graceMs: number): Promise<void> {
    this.#pool = null;
    this.#markStopped();
    await this.#member?.drain(drainMs);
    this.#member = null;
    await this.stop(graceMs);
  }

  /** Ends it; calls under way end with it. */
  async stop(graceMs: number): Promise<void> {
    this.#markStopped();
    await this.#life?.stop(graceMs);
    await this.#done;
  }

  /** Stops it for good because it cannot run; its status says so. */
  async fail(reason: string, graceMs: number): Promise<void> {
    this.#state = "failed";
    this.#reason = reason;
    await this.stop(graceMs);
  }

  #markStopped(): void {
    if (this.#state === "running") this.#state = "stopped";
    this.#pause.end();
  }

  async #keepRunning(): Promise<void> {
    while (this.#isWanted()) {
      const life = this.#begin();
      const end = await life.over;
      this.#leave();
      if (!this.#isWanted()) return;
      this.#reason = end.reason;
      this.#judge(life, end);
      await this.#waitToRestart(life, end.reason);
    }
  }

  #isWanted(): boolean {
    return this.#state === "running";
  }

  #begin(): InstanceLife {
    const { clock, launch, prepared, probes } = this.#options;
    this.#life = new InstanceLife({
      clock,
      launch,
      routes: prepared.routes,
      probes,
      onReady: (launched) => {
        this.#becomeReady(launched);
      },
      onUnready: (reason) => {
        this.#reason = reason;
        this.#member?.setReady(false);
        this.#options.events.unready(reason);
      },
      onLate: (reason) => {
        this.#despair(reason);
      },
    });
    return this.#life;
  }

  #becomeReady(launched: LaunchedInstance): void {
    this.#launched = launched;
    this.#wasEverReady = true;
    this.#reason = null;
    if (this.#member !== null) this.#member.setReady(true);
    else this.#join();
    this.#options.events.ready();
  }

  #join(): void {
    if (this.#launched === null || this.#pool === null) return;
    this.#member = this.#pool.add(this.#launched.backend, this.#options.prepared);
  }

  /** Its calls have ended with it. */
  #leave(): void {
    void this.#member?.drain(0);
    this.#member = null;
    this.#launched = null;
  }

  #judge(
    life: InstanceLife,
    { reason, isHopeless }: { readonly reason: string; readonly isHopeless: boolean },
  ): void {
    if (life.wasReady && this.#options.clock.now() - life.beganAt >= healthyAfterMs) this.#backOff.reset();
    if (this.#wasEverReady) return;
    this.#failedStarts += 1;
    if (isHopeless) this.#despair(reason);
    else if (this.#failedStarts >= mostFailedStarts) {
      this.#despair(`it ended ${String(this.#failedStarts)} times before it was ready: ${reason}`);
    }
  }

  #despair(summary: string): void {
    const probes = this.#life?.probes.lines() ?? [];
    this.#reason = summary;
    this.#options.events.hopeless({ ordinal: this.ordinal, summary, probes });
  }

  async #waitToRestart(life: InstanceLife, reason: string): Promise<void> {
    if (!this.#isWanted()) return;
    const delayMs = this.#backOff.next();
    this.#restarts += 1;
    // A life that never began to serve is told of once it is hopeless; the others each time.
    if (life.wasReady || this.#wasEverReady) this.#options.events.ended(reason, delayMs);
    this.#life = null;
    await this.#pause.for(delayMs);
  }

  #statusState(): InstanceStatus["state"] {
    if (this.#state !== "running") return this.#state;
    if (this.#life === null) return "restarting";
    if (this.#life.isReady) return "ready";
    return this.#life.wasReady ? "unready" : "starting";
  }
}
