import type { GuardRails } from "../../contracts/control/rollout.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import { breachOf, type Performance } from "./guard-rails.ts";
import { between, type Sample, type Totals } from "./measurements.ts";

export interface RolloutWatchOptions {
  readonly clock: Clock;
  readonly rails: GuardRails;
  readonly stepMs: number;
  /** What both sides have done so far. */
  readonly measure: () => { readonly fresh: Totals; readonly live: Totals };
  /** Why the new deployment cannot take calls at all, whatever was measured; null where it can. */
  readonly outage: () => string | null;
  /** Told at every look until it is stopped. */
  readonly onBreach: (reason: string) => void;
  readonly onStepEnd: () => void;
}

/** A breach is answered within 5 s: this leaves room for what comes after. */
const pollMs = 500;
/** Beside the whole step the last seconds are judged, so that a good beginning does not hide a bad end. */
const recentMs = 3_000;

/** Watches the deployment of a rollout, step after step, and says when a step has passed or a limit is broken. */
export class RolloutWatch {
  readonly #options: RolloutWatchOptions;
  /** Since the first step: what live calls were like, once there are none of them any more. */
  readonly #first: Sample;
  #step: Sample;
  /** Of the last seconds. */
  #recent: readonly Sample[];
  #lastLiveP99: number | null = null;
  /** After a restart instances take a while to come up: that is no outage, and no time of the step either. */
  #hasServed = false;
  #timer: Timer | null = null;

  constructor(options: RolloutWatchOptions) {
    this.#options = options;
    this.#first = this.#sample();
    this.#step = this.#first;
    this.#recent = [this.#first];
    this.#wait();
  }

  /** The next step begins now. */
  beginStep(): void {
    this.#step = this.#sample();
    this.#recent = [this.#step];
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(): void {
    this.#timer = this.#options.clock.schedule(pollMs, () => {
      this.#wait();
      this.#judge();
    });
  }

  #judge(): void {
    const { outage, onBreach, onStepEnd, stepMs } = this.#options;
    const trouble = outage();
    this.#hasServed ||= trouble === null;
    if (!this.#hasServed) {
      this.beginStep();
      return;
    }
    const now = this.#sample();
    const reason = trouble ?? this.#breach(now);
    if (reason !== null) {
      onBreach(reason);
      return;
    }
    this.#recent = [...this.#recent.filter(({ at }) => at >= now.at - recentMs), now];
    if (now.at - this.#step.at >= stepMs) onStepEnd();
  }

  #breach(now: Sample): string | null {
    const { rails } = this.#options;
    const recent = this.#recent[0] ?? this.#step;
    const live = this.#liveSince(this.#step, now);
    return (
      breachOf(rails, between(this.#step.fresh, now.fresh), live) ??
      breachOf(rails, between(recent.fresh, now.fresh), live)
    );
  }

  /** With all traffic moved there is nothing live to compare with: then what it did before counts. */
  #liveSince(step: Sample, now: Sample): Performance {
    const since = between(step.live, now.live);
    const counts = since.requests > 0 ? since : between(this.#first.live, now.live);
    this.#lastLiveP99 = since.p99Ms ?? this.#lastLiveP99;
    return { ...counts, p99Ms: this.#lastLiveP99 };
  }

  #sample(): Sample {
    return { at: this.#options.clock.now(), ...this.#options.measure() };
  }
}
