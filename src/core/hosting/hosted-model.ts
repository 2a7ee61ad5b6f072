import type { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { HandlerRequest } from "../ports/handler-launcher.ts";
import type { HostMeter } from "../ports/host-meter.ts";
import type { Logger } from "../ports/logger.ts";
import { CallLine } from "./call-line.ts";
import type { HostedCall } from "./hosted-call.ts";
import type {
  HostedModelDescription,
  HostedModelSpec,
  HostedModelSummary,
  RegisterOptions,
  ScaleOptions,
  ScaleOutcome,
} from "./hosted-model-spec.ts";
import type { HostedWorker, WorkerLoss } from "./hosted-worker.ts";
import { PendingInvoke, refusedCall } from "./pending-invoke.ts";
import type { RunningCalls, RunOutcome } from "./running-calls.ts";
import { noSuchModel, noWorker, queueFull, unloadedEarly, waitedTooLong } from "./refusals.ts";

export interface HostedModelOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: HostMeter | null;
  readonly spec: HostedModelSpec;
  readonly options: RegisterOptions;
  readonly jobQueueSize: number;
  /** Makes a worker, which starts at once. */
  readonly worker: (model: HostedModel) => HostedWorker;
}

/** A model with its workers, and the calls that wait for one of them. */
export class HostedModel {
  readonly spec: HostedModelSpec;
  readonly options: RegisterOptions;
  readonly #context: HostedModelOptions;
  readonly #line: CallLine;
  /** Workers that are too many, until they have ended what they run. */
  readonly #leaving = new Map<HostedWorker, Promise<void>>();
  #workers: readonly HostedWorker[] = [];
  #minWorkers: number;
  #maxWorkers: number;
  #wasReady = false;
  #hasBegun = false;
  readonly #loaded = Promise.withResolvers<undefined>();
  #isDraining = false;
  #ending: Promise<void> | null = null;
  /** One for all calls. */
  readonly #callerLeft = (): void => {
    for (const worker of this.#workers) worker.callerLeft();
  };
  #batchTimer: Timer | null = null;
  #drained: (() => void) | null = null;

  constructor(context: HostedModelOptions) {
    this.#context = context;
    this.spec = context.spec;
    this.options = context.options;
    this.#minWorkers = context.options.minWorkers;
    this.#maxWorkers = context.options.maxWorkers;
    // Only scaling waits for it.
    this.#loaded.promise.catch(() => undefined);
    this.#line = new CallLine({
      clock: context.clock,
      limit: context.jobQueueSize,
      maxWaitMs: context.options.responseTimeoutMs,
      expired: (call) => {
        this.#refuse(call, waitedTooLong(this.spec.name));
      },
    });
  }

  /** Whether it has been ready since it was registered. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  get minWorkers(): number {
    return this.#minWorkers;
  }

  get readyWorkers(): number {
    return this.#workers.filter(({ isReady }) => isReady).length;
  }

  /** Starts its first workers; rejects as soon as one of them cannot be started. */
  async begin(): Promise<void> {
    try {
      if (this.#isDraining) throw unloadedEarly(this.spec.name);
      this.#hasBegun = true;
      const workers = this.#grow(this.#minWorkers);
      await Promise.all(workers.map(({ firstLoad }) => firstLoad));
      this.#wasReady = true;
      this.#loaded.resolve(undefined);
    } catch (error) {
      this.#loaded.reject(error);
      throw error;
    }
  }

  invoke(request: HandlerRequest): HostedCall {
    const { name } = this.spec;
    const willHaveWorkers = !this.#hasBegun && this.#minWorkers > 0;
    if (this.#workers.length === 0 && !willHaveWorkers) return this.#refused(noWorker(name));
    if (this.#line.isFull) return this.#refused(queueFull(name));
    const call = new PendingInvoke(request, this.#context.clock.now(), this.#callerLeft);
    this.#line.join(call);
    this.#dispatch();
    return call;
  }

  /**
   * Workers that are too many end when they have run what they run; too few are added. A model that is still being loaded
   * comes to it afterwards.
   */
  async scale(wanted: ScaleOptions): Promise<ScaleOutcome> {
    const applied = this.#loaded.promise.then(() => this.#apply(wanted));
    if (wanted.synchronous) return applied;
    applied.catch(() => undefined);
    return "scaling";
  }

  /** Lets the calls that are there end, for at most that long; then ends the workers. Resolves when none is left. */
  async retire(drainMs: number): Promise<void> {
    this.#isDraining = true;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#drained = () => {
      resolve(undefined);
    };
    const timer = this.#context.clock.schedule(drainMs, this.#drained);
    this.#dispatch();
    this.#checkDrained();
    await promise;
    timer.cancel();
    await this.end();
  }

  /** Ends the workers at once, and everything that waits or runs. Resolves when none is left. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** For whoever makes its workers: one of them takes a batch. */
  workerFree(): void {
    this.#dispatch();
    this.#checkDrained();
  }

  /** Whether calls wait for one of its workers. */
  get isAwaited(): boolean {
    return this.#line.oldestAt !== null;
  }

  workerReturned(calls: readonly PendingInvoke[]): void {
    this.#line.rejoin(calls.filter(({ isSettled }) => !isSettled));
    if (this.#workers.length === 0) this.#refuseWaiting();
    this.#dispatch();
    this.#checkDrained();
  }

  workerRan(batch: RunningCalls, outcome: RunOutcome): void {
    const { clock, meter } = this.#context;
    if (meter === null) return;
    const runMs = clock.now() - batch.startedAt;
    const { name } = this.spec;
    meter.batchEnded(name, { calls: batch.calls.length, runMs });
    const ending = outcome.kind === "crashed" ? "refused" : outcome.kind;
    for (const { arrivedAt } of batch.calls) {
      meter.callEnded(name, { outcome: ending, queueMs: batch.startedAt - arrivedAt, runMs });
    }
  }

  workerLost(worker: HostedWorker, reason: string, { why, delayMs }: Loss): void {
    const { logger, meter } = this.#context;
    if (why !== "not-loaded") meter?.workerRestarted(this.spec.name, why);
    const message = why === "not-loaded" ? "A worker could not be started" : "A worker ended";
    logger.warn(message, { model: this.spec.name, worker: worker.id, reason, again_in_ms: delayMs });
    this.#checkDrained();
  }

  summary(isDefault: boolean): HostedModelSummary {
    const { name, version, url } = this.spec;
    return { name, version, url, isDefault };
  }

  async describe(isDefault: boolean): Promise<HostedModelDescription> {
    const { manifest, runtime, engine } = this.spec;
    const { batchSize, maxBatchDelayMs, responseTimeoutMs, loadedAtStartup } = this.options;
    return {
      ...this.summary(isDefault),
      ...{ manifest, runtime, engine, batchSize, maxBatchDelayMs, responseTimeoutMs, loadedAtStartup },
      minWorkers: this.#minWorkers,
      maxWorkers: this.#maxWorkers,
      queueLength: this.#line.length,
      workers: await Promise.all(this.#workers.map((worker) => worker.describe())),
    };
  }

  async #end(): Promise<void> {
    this.#isDraining = true;
    this.#batchTimer?.cancel();
    this.#drained?.();
    const workers = [...this.#workers, ...this.#leaving.keys()];
    this.#workers = [];
    this.#refuseWaiting();
    await Promise.all([...workers.map((worker) => worker.end()), ...this.#leaving.values()]);
  }

  async #apply({ minWorkers, maxWorkers }: ScaleOptions): Promise<ScaleOutcome> {
    // It may have been ended since it was asked for: whatever were started now nobody would end.
    if (this.#ending !== null) throw noSuchModel(this.spec.name);
    this.#minWorkers = minWorkers;
    this.#maxWorkers = maxWorkers;
    const count = Math.min(Math.max(this.#workers.length, minWorkers), maxWorkers);
    const ended = this.#shrink(count);
    const added = Promise.all(this.#grow(count).map(({ firstLoad }) => firstLoad));
    // Those that are still loading for somebody who asked before are waited for, too.
    await Promise.allSettled([...ended, added, ...this.#workers.map(({ firstLoad }) => firstLoad)]);
    if (this.readyWorkers >= this.#minWorkers) return "scaled";
    await added;
    return "partial";
  }

  /** Adds workers up to that number; those that were added. */
  #grow(count: number): readonly HostedWorker[] {
    const added: HostedWorker[] = [];
    while (this.#workers.length + added.length < count) added.push(this.#context.worker(this));
    this.#workers = [...this.#workers, ...added];
    return added;
  }

  /** Those go first that are not ready, then those that are idle, then the newest. */
  #shrink(count: number): readonly Promise<void>[] {
    const byUse = this.#workers.toSorted((a, b) => useOf(b) - useOf(a));
    const kept = new Set(byUse.slice(0, count));
    this.#workers = this.#workers.filter((worker) => kept.has(worker));
    if (count === 0) this.#refuseWaiting();
    return byUse.slice(count).map((worker) => this.#letGo(worker));
  }

  #letGo(worker: HostedWorker): Promise<void> {
    const gone = worker.retire();
    this.#leaving.set(worker, gone);
    return gone.finally(() => {
      this.#leaving.delete(worker);
      this.#checkDrained();
    });
  }

  /** Gives what waits to the workers that are free, a batch each; one that is not full may have to wait for more. */
  #dispatch(): void {
    const { batchSize, maxBatchDelayMs } = this.options;
    for (;;) {
      const oldestAt = this.#line.oldestAt;
      if (oldestAt === null) return;
      const worker = this.#freest();
      if (worker === null) return;
      if (this.#line.length < batchSize && !this.#isDraining) {
        const leftMs = oldestAt + maxBatchDelayMs - this.#context.clock.now();
        if (leftMs > 0) {
          this.#dispatchIn(leftMs);
          return;
        }
      }
      worker.run(this.#line.take(batchSize));
    }
  }

  #freest(): HostedWorker | null {
    let best: HostedWorker | null = null;
    for (const worker of this.#workers) {
      if (worker.isFree && (best === null || worker.outstanding < best.outstanding)) best = worker;
    }
    return best;
  }

  #dispatchIn(ms: number): void {
    this.#batchTimer ??= this.#context.clock.schedule(ms, () => {
      this.#batchTimer = null;
      this.#dispatch();
    });
  }

  #checkDrained(): void {
    if (!this.#isDraining) return;
    // What waits is served by the workers that are there; a worker that was lost is not waited for.
    const hasWorker = this.#workers.some(({ isReady, isBusy }) => isReady || isBusy);
    if (!hasWorker) this.#refuseWaiting();
    const all = [...this.#workers, ...this.#leaving.keys()];
    if (this.#line.oldestAt === null && !all.some(({ isBusy }) => isBusy)) this.#drained?.();
  }

  #refuseWaiting(): void {
    for (const call of this.#line.empty()) this.#refuse(call, noWorker(this.spec.name));
  }

  #refused(error: ServingError): HostedCall {
    this.#context.meter?.callEnded(this.spec.name, { outcome: "refused", queueMs: 0, runMs: null });
    return refusedCall(error);
  }

  #refuse(call: PendingInvoke, error: ServingError): void {
    const queueMs = this.#context.clock.now() - call.arrivedAt;
    if (call.refuse(error)) {
      this.#context.meter?.callEnded(this.spec.name, { outcome: "refused", queueMs, runMs: null });
    }
  }
}

interface Loss {
  readonly why: WorkerLoss;
  readonly delayMs: number;
}

function useOf(worker: HostedWorker): number {
  if (worker.isBusy) return 2;
  return worker.isReady ? 1 : 0;
}
