import type { Probe } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { InstanceEnd, InstanceRoutes, LaunchedInstance } from "../ports/instance-launcher.ts";
import { probe, type ProbeCall, type ProbeKind, type ProbeResult } from "./probe.ts";
import { ProbeHistory } from "./probe-history.ts";
import { ProbeLoop } from "./probe-loop.ts";

/** The probes' settings, asked for each time: they may change while an instance runs. */
export interface Probes {
  readonly liveness: Probe;
  readonly readiness: Probe;
}

export interface LifeOptions {
  readonly clock: Clock;
  /** `abandoned` resolves when it is stopped: see `PreparedDeployment.launch`. */
  readonly launch: (abandoned: Promise<unknown>) => Promise<LaunchedInstance>;
  readonly routes: InstanceRoutes;
  readonly probes: () => Probes;
  /** It may take calls, for the first time or again. */
  readonly onReady: (instance: LaunchedInstance) => void;
  readonly onUnready: (reason: string) => void;
  /** It has not become ready for as long as its probes' settings allow. */
  readonly onLate: (reason: string) => void;
}

/**
 * While an instance is not ready it is asked this often, whatever its settings say: those are made for machines that take
 * minutes to start, and are the longest that somebody has to wait.
 */
const eagerPeriodMs = 50;
/** One that was ready and is not any more has other things to do than to answer probes. */
const recoveryPeriodMs = 1_000;
const stopGraceMs = 5_000;

/** One process of an instance, or one container: from its start to its end. */
export class InstanceLife {
  readonly beganAt: number;
  readonly probes = new ProbeHistory();
  /** How it ended; never rejects. */
  readonly over: Promise<InstanceEnd>;
  readonly #options: LifeOptions;
  readonly #finish: (end: InstanceEnd) => void;
  readonly #launching: Promise<void>;
  readonly #abandoned = Promise.withResolvers<undefined>();
  #launched: LaunchedInstance | null = null;
  #loops: readonly ProbeLoop[] = [];
  #deadline: Timer | null = null;
  #isReady = false;
  #wasReady = false;
  #isOver = false;
  /** Why it was ended on purpose. */
  #verdict: string | null = null;
  #successes = 0;
  #failures = 0;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.beganAt = options.clock.now();
    const { promise, resolve } = Promise.withResolvers<InstanceEnd>();
    this.over = promise;
    this.#finish = (end) => {
      this.#quieten();
      resolve(this.#verdict === null ? end : { ...end, reason: this.#verdict });
    };
    this.#watchStart();
    this.#launching = this.#launch();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Null until it runs. */
  get where(): string | null {
    return this.#launched?.where ?? null;
  }

  /** Resolves when nothing of it is left. */
  async stop(graceMs: number): Promise<void> {
    this.#quieten();
    this.#abandoned.resolve(undefined);
    await this.#launching;
    await this.#launched?.stop(graceMs);
    this.#finish({ reason: "stopped", isHopeless: false });
  }

  async #launch(): Promise<void> {
    let launched: LaunchedInstance;
    try {
      launched = await this.#options.launch(this.#abandoned.promise);
    } catch (error) {
      const { message, retryable, details } = ServingError.from(error);
      const reason = details.hint === undefined ? message : `${message} ${details.hint}`;
      this.#finish({ reason, isHopeless: !retryable });
      return;
    }
    this.#launched = launched;
    if (this.#isOver) return;
    void launched.ended.then(this.#finish);
    this.#loops = [this.#readinessLoop(launched), this.#livenessLoop(launched)];
  }

  #readinessLoop(launched: LaunchedInstance): ProbeLoop {
    return new ProbeLoop({
      clock: this.#options.clock,
      firstDelayMs: 0,
      probe: () => this.#probe(launched, "readiness"),
      onResult: (result) => {
        this.probes.add("readiness", result);
        return this.#judgeReadiness(launched, result);
      },
    });
  }

  /** Judges a result; how long until the next one, in milliseconds. */
  #judgeReadiness(launched: LaunchedInstance, result: ProbeResult): number {
    const settings = this.#options.probes().readiness;
    this.#successes = result.isOk ? this.#successes + 1 : 0;
    this.#failures = result.isOk ? 0 : this.#failures + 1;
    if (!this.#isReady && this.#successes >= settings.success_threshold) this.#becomeReady(launched);
    else if (this.#isReady && this.#failures >= settings.failure_threshold) {
      this.#isReady = false;
      this.#options.onUnready(`readiness probe failed: ${result.finding}`);
    }
    const periodMs = settings.period * 1000;
    if (this.#isReady) return periodMs;
    return Math.min(periodMs, this.#wasReady ? recoveryPeriodMs : eagerPeriodMs);
  }

  #becomeReady(launched: LaunchedInstance): void {
    this.#isReady = true;
    this.#wasReady = true;
    this.#deadline?.cancel();
    this.#options.onReady(launched);
  }

  #livenessLoop(launched: LaunchedInstance): ProbeLoop {
    let failures = 0;
    return new ProbeLoop({
      clock: this.#options.clock,
      firstDelayMs: this.#options.probes().liveness.initial_delay * 1000,
      probe: () => this.#probe(launched, "liveness"),
      onResult: (result) => {
        const settings = this.#options.probes().liveness;
        this.probes.add("liveness", result);
        failures = result.isOk ? 0 : failures + 1;
        if (failures >= settings.failure_threshold) void this.#giveUpOn(result, failures);
        return settings.period * 1000;
      },
    });
  }

  async #giveUpOn({ finding }: ProbeResult, failures: number): Promise<void> {
    this.#verdict = `liveness probe failed ${String(failures)} times: ${finding}`;
    // Before it ends, which may take a while: it gets no more calls.
    this.#options.onUnready(this.#verdict);
    await this.stop(stopGraceMs);
  }

  #probe(launched: LaunchedInstance, kind: ProbeKind): ProbeCall {
    const { clock, routes, probes } = this.#options;
    return probe({
      clock,
      backend: launched.probe(kind),
      path: routes[kind],
      timeoutMs: probes()[kind].timeout * 1000,
    });
  }

  #watchStart(): void {
    const { initial_delay, period, failure_threshold } = this.#options.probes().readiness;
    const limitS = initial_delay + period * failure_threshold;
    this.#deadline = this.#options.clock.schedule(limitS * 1000, () => {
      this.#options.onLate(`it was not ready after ${String(limitS)} s`);
    });
  }

  #quieten(): void {
    this.#isOver = true;
    this.#isReady = false;
    this.#deadline?.cancel();
    for (const loop of this.#loops) loop.stop();
    this.#loops = [];
  }
}
