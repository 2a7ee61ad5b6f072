import { ServingError } from "../../contracts/serving-error.ts";
import { BackOff } from "../instances/back-off.ts";
import { Pause } from "../instances/pause.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { HandlerOutcome, HandlerProcess } from "../ports/handler-launcher.ts";
import type { WorkerDescription } from "./hosted-model-spec.ts";
import type { PendingInvoke } from "./pending-invoke.ts";
import { AbandonedBatch } from "./abandoned-batch.ts";
import { unloadedEarly, waitedTooLong } from "./refusals.ts";
import { RunningCalls, type RunOutcome } from "./running-calls.ts";
import { type StartWorker, WorkerLoad } from "./worker-load.ts";

/** A worker that has lived this long was not broken by what it is. */
const healthyAfterMs = 10_000;
/**
 * Batches that a worker may hold at once, the one it runs among them, by the time that one takes. Where that is short, going
 * back and forth for each would take longer; where it is long, a call waits better outside, for whoever is free.
 */
const windows = [
  { belowMs: 1, batches: 8 },
  { belowMs: 20, batches: 2 },
] as const;
/** How much one batch weighs in what is known of their time. */
const newest = 0.1;
/** What a process is given to end by itself once nothing runs in it. */
const endGraceMs = 2_000;

export interface HostedWorkerOptions {
  readonly clock: Clock;
  readonly id: string;
  readonly model: string;
  readonly gpuId: number | null;
  /** How long a batch may run. */
  readonly responseTimeoutMs: number;
  readonly loadTimeoutMs: number;
  /** Whether it may hold batches that it has not begun: not where they would better grow outside. */
  readonly holdsBatches: boolean;
  readonly start: StartWorker;
  readonly events: HostedWorkerEvents;
}

interface HostedWorkerEvents {
  /** Whether calls wait for it. */
  readonly isAwaited: () => boolean;
  /** It takes a batch now. */
  readonly free: () => void;
  /** A batch came to its end; before {@link free}. */
  readonly ran: (batch: RunningCalls, outcome: RunOutcome) => void;
  /** Its process ended before it came to these. */
  readonly returned: (calls: readonly PendingInvoke[]) => void;
  /** Its process ended unasked, or could not be started again; a new one comes after that time. */
  readonly lost: (reason: string, why: WorkerLoss, delayMs: number) => void;
}

export type WorkerLoss = "died" | "overdue" | "not-loaded";

/** One worker of a model: starts its process, runs batches in it, and starts it again when it ends. */
export class HostedWorker {
  readonly id: string;
  readonly gpuId: number | null;
  /** Settles with the first attempt to load; a worker that fails it goes on trying until it is ended. */
  readonly firstLoad: Promise<void>;
  readonly #options: HostedWorkerOptions;
  readonly #firstLoad = Promise.withResolvers<undefined>();
  readonly #backOff = new BackOff();
  readonly #pause: Pause;
  readonly #abandoned: AbandonedBatch;
  readonly #gone: Promise<void>;
  #load: WorkerLoad | null = null;
  #process: HandlerProcess | null = null;
  /** The first one runs, the others are where it finds them. */
  #running: readonly RunningCalls[] = [];
  #runMs: number | null = null;
  #overdue: Timer | null = null;
  #wasOverdue = false;
  #idle: (() => void) | null = null;
  #isWanted = true;
  #isSound = false;

  constructor(options: HostedWorkerOptions) {
    this.#options = options;
    this.id = options.id;
    this.gpuId = options.gpuId;
    this.#pause = new Pause(options.clock);
    this.#abandoned = new AbandonedBatch({
      clock: options.clock,
      batches: () => this.#running,
      isAwaited: options.events.isAwaited,
      end: (reason) => {
        this.#endOverdue(reason);
      },
    });
    this.firstLoad = this.#firstLoad.promise;
    // Nobody need wait for it.
    this.firstLoad.catch(() => undefined);
    this.#gone = this.#keepRunning();
  }

  /** Whether its process is there and has loaded the model. */
  get isReady(): boolean {
    return this.#process !== null && this.#isWanted;
  }

  /** Whether it takes a batch now. */
  get isFree(): boolean {
    return this.isReady && this.#running.length < this.#window();
  }

  get isBusy(): boolean {
    return this.#running.length > 0;
  }

  /** Batches that it has and has not answered. */
  get outstanding(): number {
    return this.#running.length;
  }

  /** Only while it is free. */
  run(calls: readonly PendingInvoke[]): void {
    const process = this.#process;
    if (process === null) return;
    const { clock, responseTimeoutMs } = this.#options;
    const batch = new RunningCalls(calls, clock.now());
    this.#running = [...this.#running, batch];
    this.#overdue ??= this.#watch(responseTimeoutMs);
    void this.#runIn(process, batch);
  }

  async #runIn(process: HandlerProcess, batch: RunningCalls): Promise<void> {
    let outcome: HandlerOutcome;
    try {
      outcome = await process.run(batch.calls.map(({ request }) => request));
      if (outcome.kind === "answered" && outcome.streamed !== undefined) {
        batch.beginStream(outcome);
        await outcome.streamed;
      }
    } catch (error) {
      outcome = { kind: "crashed", reason: ServingError.from(error).message };
    }
    this.#ran(batch, outcome);
  }

  /** Somebody waits no more for a call of its model. */
  callerLeft(): void {
    this.#abandoned.look();
  }

  /** Lets what runs end, and ends the process; resolves when nothing of it is left. */
  async retire(): Promise<void> {
    this.#unwant();
    await this.#untilIdle();
    await this.end();
  }

  /** Ends it now; what it runs fails. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    this.#unwant();
    if (this.isBusy) this.#process?.kill();
    else await this.#process?.stop(endGraceMs);
    await this.#gone;
  }

  async describe(): Promise<WorkerDescription> {
    const { id, gpuId } = this;
    const process = this.#process;
    const status = !this.#isWanted ? "UNLOADING" : process === null ? "LOADING" : "READY";
    if (process === null) return { id, startedAt: 0, status, gpuId, memoryBytes: 0 };
    return { id, startedAt: process.startedAt, status, gpuId, memoryBytes: await process.memoryBytes() };
  }

  #unwant(): void {
    this.#isWanted = false;
    this.#pause.end();
    this.#load?.abandon(unloadedEarly(this.#options.model));
  }

  #untilIdle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#idle = () => {
      resolve(undefined);
    };
    return promise;
  }

  async #keepRunning(): Promise<void> {
    let losses = 0;
    while (this.#isWanted) {
      const loss = await this.#liveOnce();
      if (!this.#isStillWanted()) break;
      if (this.#isSound) losses = 0;
      if (losses === 0) this.#backOff.reset();
      // The first replacement comes at once: most workers die of one bad call.
      const delayMs = losses === 0 && loss.why !== "not-loaded" ? 0 : this.#backOff.next();
      losses += 1;
      this.#options.events.lost(loss.reason, loss.why, delayMs);
      if (delayMs > 0) await this.#pause.for(delayMs);
    }
    this.#overdue?.cancel();
    this.#abandoned.stop();
  }

  /** Loads, runs, and says how it ended. */
  async #liveOnce(): Promise<{ readonly reason: string; readonly why: WorkerLoss }> {
    const loaded = await this.#tryLoad();
    if (loaded instanceof ServingError) return { reason: loaded.message, why: "not-loaded" };
    const { clock, events } = this.#options;
    const readyAt = clock.now();
    this.#process = loaded;
    this.#isSound = false;
    this.#runMs = null;
    this.#wasOverdue = false;
    this.#firstLoad.resolve(undefined);
    if (this.#isStillWanted()) events.free();
    else void loaded.stop(endGraceMs);
    const { reason } = await loaded.ended;
    this.#process = null;
    if (clock.now() - readyAt >= healthyAfterMs) this.#isSound = true;
    const [running] = this.#running;
    if (running !== undefined) this.#ran(running, { kind: "crashed", reason });
    return { reason, why: this.#whyEnded() };
  }

  #whyEnded(): WorkerLoss {
    return this.#wasOverdue ? "overdue" : "died";
  }

  async #tryLoad(): Promise<HandlerProcess | ServingError> {
    const { clock, model, loadTimeoutMs: timeoutMs, start } = this.#options;
    const load = new WorkerLoad({ clock, model, timeoutMs, start });
    this.#load = load;
    try {
      return await load.process;
    } catch (error) {
      const failure = ServingError.from(error);
      this.#firstLoad.reject(failure);
      return failure;
    } finally {
      this.#load = null;
    }
  }

  #window(): number {
    const { holdsBatches } = this.#options;
    const most = this.#process?.window ?? 1;
    const runMs = this.#runMs;
    if (!holdsBatches || most === 1 || runMs === null) return 1;
    return Math.min(most, windows.find(({ belowMs }) => runMs < belowMs)?.batches ?? 1);
  }

  #ran(batch: RunningCalls, outcome: HandlerOutcome): void {
    if (!this.#running.includes(batch)) return;
    if (outcome.kind === "not-started") {
      this.#giveBack(batch);
      return;
    }
    if (outcome.kind === "crashed") {
      this.#crashed(outcome.reason);
      return;
    }
    const now = this.#options.clock.now();
    const runMs = now - batch.startedAt;
    this.#runMs = this.#runMs === null ? runMs : this.#runMs * (1 - newest) + runMs * newest;
    this.#running = this.#running.filter((one) => one !== batch);
    this.#running[0]?.begin(now);
    this.#refuseLate(now);
    this.#isSound = true;
    this.#ended(batch, outcome);
    if (this.isFree) this.#options.events.free();
  }

  /**
   * Its process has ended before it came to this batch, and so to those behind it. The one in front may have been begun and
   * must not be begun again: what became of it is told later, when it is known how the process ended.
   */
  #giveBack(batch: RunningCalls): void {
    const at = this.#running.indexOf(batch);
    const returned = this.#running.slice(at);
    this.#running = this.#running.slice(0, at);
    this.#process = null;
    this.#options.events.returned(returned.flatMap(({ calls }) => calls));
    this.#checkIdle();
  }

  /** What is held may have waited too long by now: it runs all the same, and nobody waits for it. */
  #refuseLate(now: number): void {
    const { model, responseTimeoutMs } = this.#options;
    for (const { calls } of this.#running) {
      for (const call of calls) {
        if (call.arrivedAt + responseTimeoutMs <= now) call.refuse(waitedTooLong(model));
      }
    }
  }

  #ended(batch: RunningCalls, outcome: RunOutcome): void {
    batch.settle(outcome);
    this.#options.events.ran(batch, outcome);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.isBusy) return;
    this.#idle?.();
    this.#idle = null;
  }

  /** What ran fails, what it had not begun goes back. */
  #crashed(reason: string): void {
    const [running, ...held] = this.#dropProcess();
    if (held.length > 0) this.#options.events.returned(held.flatMap(({ calls }) => calls));
    if (running !== undefined) this.#ended(running, { kind: "crashed", reason });
  }

  /** The process may take a moment to end, and takes no batch in it. What it had. */
  #dropProcess(): readonly RunningCalls[] {
    const all = this.#running;
    this.#running = [];
    this.#process?.kill();
    this.#process = null;
    return all;
  }

  /** One timer for all batches: it is left to run when one ends, and looks again when its time has come. */
  #watch(delayMs: number): Timer {
    return this.#options.clock.schedule(delayMs, () => {
      this.#overdue = null;
      const [running] = this.#running;
      if (running === undefined) return;
      const leftMs = running.startedAt + this.#options.responseTimeoutMs - this.#options.clock.now();
      if (running.isStreaming) this.#overdue = this.#watch(this.#options.responseTimeoutMs);
      else if (leftMs > 0) this.#overdue = this.#watch(leftMs);
      else this.#endOverdue(`A batch ran for more than ${String(this.#options.responseTimeoutMs / 1000)} s.`);
    });
  }

  #endOverdue(reason: string): void {
    this.#wasOverdue = true;
    this.#crashed(reason);
  }

  /** Asked again after an await: the compiler takes it to be what it was. */
  #isStillWanted(): boolean {
    return this.#isWanted;
  }
}
