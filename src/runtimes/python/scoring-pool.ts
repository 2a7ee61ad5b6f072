import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type { InstanceEnd } from "../../core/ports/instance-launcher.ts";
import type {
  ScoringCall,
  ScoringOutcome,
  ScoringRun,
  ScoringScript,
} from "../../core/ports/scoring-runner.ts";
import type { ScoringInstance, ScriptLog } from "./scoring.ts";
import type { ForkedWorker, ScoringWorker } from "./scoring-worker.ts";

/** Replacements at once before back-off begins, and replacements in a row that fail before the instance gives up. */
const freeReplacements = 3;
const hopelessReplacements = 6;
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A process that has lived this long was not ended by its start. */
const healthyAfterMs = 1000;
/**
 * Calls that a worker may hold at once, the one it runs among them, by the time that run() takes. Where that is short,
 * going back and forth for each would take longer; where it is long, a call waits better here, for whoever is free.
 */
const windows = [
  { belowMs: 1, calls: 8 },
  { belowMs: 20, calls: 2 },
] as const;
/** How much one call weighs in what is known of run()'s time. */
const newest = 0.1;

export interface ScoringPoolOptions {
  readonly clock: Clock;
  readonly log: ScriptLog;
  readonly script: ScoringScript;
  /** The first processes, whose scripts are loaded. */
  readonly started: readonly ForkedWorker[];
  /** Starts another, with its script loaded; `onGone` is told of its end. It is called off when `abandoned` resolves. */
  readonly start: (
    onGone: (worker: ScoringWorker) => void,
    abandoned: Promise<unknown>,
  ) => Promise<ForkedWorker>;
  /** Called once when no process is left. */
  readonly onStopped: () => Promise<void>;
}

interface Waiting {
  readonly call: ScoringCall;
  readonly resolve: (outcome: ScoringOutcome) => void;
  isLeft: boolean;
  /** Where it was sent. */
  sent: { readonly worker: ScoringWorker; readonly id: number } | null;
}

/** The processes of one instance, and the line of calls in front of them. */
export class ScoringPool implements ScoringInstance {
  readonly script: ScoringScript;
  readonly ended: Promise<InstanceEnd>;
  readonly #options: ScoringPoolOptions;
  readonly #workers = new Map<
    ScoringWorker,
    { readonly exited: Promise<string>; readonly startedAt: number }
  >();
  readonly #line: Waiting[] = [];
  readonly #end = Promise.withResolvers<InstanceEnd>();
  readonly #replacements = new Set<Timer>();
  /** Starts of replacements under way, and how to call each of them off. */
  readonly #starts = new Map<Promise<void>, () => void>();
  #idle: (() => void) | null = null;
  #runMs = 0;
  #deaths = 0;
  #underWay = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: ScoringPoolOptions) {
    this.#options = options;
    this.script = options.script;
    this.ended = this.#end.promise;
    for (const forked of options.started) this.#add(forked);
  }

  get processes(): readonly number[] {
    return [...this.#workers.keys()].map(({ pid }) => pid);
  }

  score(call: ScoringCall): ScoringRun {
    if (this.#stopping !== null) {
      const outcome = Promise.resolve({ kind: "not-started", reason: "the instance is stopping" } as const);
      return { outcome, cancel: () => undefined };
    }
    const { promise: outcome, resolve } = Promise.withResolvers<ScoringOutcome>();
    const waiting: Waiting = { call, resolve, isLeft: false, sent: null };
    this.#underWay += 1;
    this.#line.push(waiting);
    this.#dispatch();
    const cancel = (): void => {
      this.#leave(waiting);
    };
    return { outcome, cancel };
  }

  /** A process has gone: what it had not begun comes back to the head of the line. */
  gone(worker: ScoringWorker): void {
    const known = this.#workers.get(worker);
    if (known === undefined) return;
    this.#workers.delete(worker);
    if (this.#stopping !== null) return;
    const { clock, log } = this.#options;
    this.#deaths = clock.now() - known.startedAt > healthyAfterMs ? 1 : this.#deaths + 1;
    void known.exited.then((reason) => {
      // One that closed its connection and hangs in what its script has registered for its end would stay for ever.
      worker.kill();
      log("hostler", `Worker ${String(worker.pid)} ended (${reason}) and is replaced.`);
    });
    this.#replaceLater();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  #add({ worker, exited }: ForkedWorker): void {
    this.#workers.set(worker, { exited, startedAt: this.#options.clock.now() });
  }

  /** Sends what waits to the worker with the least to do, as long as one has room. */
  #dispatch(): void {
    while (this.#line.length > 0) {
      const worker = this.#freest();
      if (worker === null) return;
      const waiting = this.#line.shift();
      if (waiting === undefined) return;
      if (waiting.isLeft) continue;
      this.#send(waiting, worker);
    }
  }

  #freest(): ScoringWorker | null {
    let best: ScoringWorker | null = null;
    let least = windows.find(({ belowMs }) => this.#runMs < belowMs)?.calls ?? 1;
    for (const worker of this.#workers.keys()) {
      if (worker.outstanding >= least || worker.isGone) continue;
      best = worker;
      least = worker.outstanding;
    }
    return best;
  }

  #send(waiting: Waiting, worker: ScoringWorker): void {
    const id = worker.score(waiting.call, (outcome, streamed) => {
      // It was sent, and its worker went before it came to it: another one can do it.
      if (outcome.kind === "not-started" && !waiting.isLeft && this.#stopping === null) {
        waiting.sent = null;
        this.#line.unshift(waiting);
        this.#dispatch();
        return;
      }
      this.#learn(outcome);
      waiting.resolve(outcome);
      // Its worker is busy until all of a stream has come.
      if (streamed === undefined) this.#over(waiting);
      else {
        void streamed.then(() => {
          this.#over(waiting);
        });
      }
    });
    waiting.sent = { worker, id };
  }

  #learn(outcome: ScoringOutcome): void {
    if (outcome.kind !== "answered" || outcome.answer.runMs === null) return;
    this.#runMs = Math.max(this.#runMs * (1 - newest) + outcome.answer.runMs * newest, 0);
  }

  /** Nothing of a call is under way any more: its worker has room for another. */
  #over(waiting: Waiting): void {
    waiting.sent = null;
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.();
    this.#dispatch();
  }

  /** Ends a call that no worker has. */
  #refuse(waiting: Waiting, reason: string): void {
    waiting.resolve({ kind: "not-started", reason });
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle?.();
  }

  #leave(waiting: Waiting): void {
    if (waiting.isLeft) return;
    waiting.isLeft = true;
    const { sent } = waiting;
    if (sent !== null) {
      sent.worker.cancel(sent.id);
      return;
    }
    const place = this.#line.indexOf(waiting);
    if (place === -1) return;
    this.#line.splice(place, 1);
    this.#refuse(waiting, "the caller went away");
  }

  #replaceLater(): void {
    const past = this.#deaths - freeReplacements;
    const delayMs = past <= 0 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (past - 1));
    const timer = this.#options.clock.schedule(delayMs, () => {
      this.#replacements.delete(timer);
      const { promise: abandoned, resolve } = Promise.withResolvers<undefined>();
      const start = this.#replace(abandoned).finally(() => this.#starts.delete(start));
      this.#starts.set(start, () => {
        resolve(undefined);
      });
    });
    this.#replacements.add(timer);
  }

  async #replace(abandoned: Promise<unknown>): Promise<void> {
    const { log, start } = this.#options;
    try {
      const forked = await start((worker) => {
        this.gone(worker);
      }, abandoned);
      const { worker, exited } = forked;
      if (this.#stopping !== null) {
        worker.kill();
        await exited;
        return;
      }
      this.#add(forked);
      if (worker.isGone) this.gone(worker);
      else log("hostler", `Worker ${String(worker.pid)} took its place.`);
      this.#dispatch();
    } catch (error) {
      if (this.#stopping !== null) return;
      this.#deaths += 1;
      const { message } = ServingError.from(error);
      log("hostler", `A worker could not be replaced: ${message}`);
      if (this.#deaths >= hopelessReplacements && this.#workers.size === 0) this.#giveUp(message);
      else this.#replaceLater();
    }
  }

  #giveUp(message: string): void {
    this.#end.resolve({ reason: message, isHopeless: false });
    void this.stop(0);
  }

  async #stop(graceMs: number): Promise<void> {
    for (const timer of this.#replacements) timer.cancel();
    for (const callOff of this.#starts.values()) callOff();
    await this.#drained(graceMs);
    for (const waiting of this.#line.splice(0)) {
      this.#refuse(waiting, "the instance has stopped");
    }
    const ends = [...this.#workers].map(([worker, { exited }]) => this.#finish(worker, exited, graceMs));
    await Promise.all([...ends, ...this.#starts.keys()]);
    await this.#options.onStopped();
    this.#end.resolve({ reason: "it was stopped", isHopeless: false });
  }

  /** Resolves when no call is under way, or after the time. */
  async #drained(graceMs: number): Promise<void> {
    if (this.#underWay === 0 || graceMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#idle = () => {
      resolve(undefined);
    };
    const timer = this.#options.clock.schedule(graceMs, () => {
      resolve(undefined);
    });
    await promise;
    timer.cancel();
  }

  /** An idle worker leaves by itself, with what its script has registered for that; the others are killed. */
  async #finish(worker: ScoringWorker, exited: Promise<string>, graceMs: number): Promise<void> {
    if (graceMs <= 0 || worker.outstanding > 0) worker.kill();
    else worker.dismiss();
    const timer = this.#options.clock.schedule(Math.max(1, graceMs), () => {
      worker.kill();
    });
    await exited;
    timer.cancel();
    worker.kill();
  }
}
