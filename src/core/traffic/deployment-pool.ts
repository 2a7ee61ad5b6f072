import type { Tally } from "../../contracts/control/measurements.ts";
import type { DeploymentName, EndpointName } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Backend } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { Admission, Lease, LiveDeployment } from "../ports/endpoint-directory.ts";
import { ServiceEstimate } from "../scheduling/service-estimate.ts";
import { CallTally } from "./call-tally.ts";
import { type InstanceTraits, Member } from "./pool-member.ts";
import { WaitingCalls } from "./waiting-calls.ts";

/** One instance in a pool, for whoever starts and stops it. */
export interface PoolMember {
  /** Takes no further calls; resolves when the last one has ended, or after that time. Idempotent. */
  drain(timeoutMs: number): Promise<void>;
  /** An instance whose readiness probe fails keeps its calls and gets no new ones. */
  setReady(isReady: boolean): void;
}

export interface PoolLimits {
  /** From the arrival of a request to the end of its answer. */
  readonly timeoutMs: number;
  /** Calls that one instance gets at once. Twice as many of each instance may be there, waiting ones included. */
  readonly maxConcurrentPerInstance: number | null;
  readonly maxQueueWaitMs: number | null;
}

const defaultLimits: PoolLimits = { timeoutMs: 5000, maxConcurrentPerInstance: null, maxQueueWaitMs: null };
/** Calls that wait for a place, at most. */
const longestLine = 1000;
/** Copies under way at once: a mirrored deployment that answers slowly must not hold ever more of them. */
const mostCopies = 32;
const longestRetryAfterS = 60;

export interface DeploymentPoolOptions {
  readonly endpoint: EndpointName;
  readonly name: DeploymentName;
  readonly clock: Clock;
}

/** The instances of a deployment, and the calls that wait for one of them. */
export class DeploymentPool implements LiveDeployment {
  readonly endpoint: EndpointName;
  readonly name: DeploymentName;
  readonly #clock: Clock;
  readonly #line: WaitingCalls;
  readonly #tally: CallTally;
  readonly #service = new ServiceEstimate();
  #members: readonly Member[] = [];
  #limits = defaultLimits;
  #inFlight = 0;
  #copies = 0;
  #turn = 0;
  #isClosed = false;

  constructor({ endpoint, name, clock }: DeploymentPoolOptions) {
    this.endpoint = endpoint;
    this.name = name;
    this.#clock = clock;
    this.#line = new WaitingCalls(clock);
    this.#tally = new CallTally(clock);
  }

  get timeoutMs(): number {
    return this.#limits.timeoutMs;
  }

  get isReady(): boolean {
    return this.#members.some(({ isOpen }) => isOpen);
  }

  configure(limits: PoolLimits): void {
    this.#limits = limits;
    this.#serveLine();
  }

  /** An instance that may take calls from now on; what waits goes to it at once. */
  add(backend: Backend, traits: InstanceTraits): PoolMember {
    const member = new Member(backend, traits, this.#clock, {
      freed: () => {
        this.#serveLine();
      },
      served: (ms) => {
        this.#service.observe(1, ms);
      },
    });
    this.#members = [...this.#members, member];
    this.#serveLine();
    return {
      drain: (timeoutMs) => {
        this.#members = this.#members.filter((one) => one !== member);
        return member.drain(timeoutMs);
      },
      setReady: (isReady) => {
        member.setReady(isReady);
      },
    };
  }

  admit(): Admission {
    if (this.#isClosed) return { kind: "refused", reason: "not-ready", retryAfterS: 1 };
    if (this.#isFull()) {
      this.#tally.refused();
      return { kind: "refused", reason: "too-many-requests", retryAfterS: this.#retryAfterS() };
    }
    // Whoever waits has been given every place that was free: there is none to overtake them with.
    const member = this.#next();
    if (member !== null) return { kind: "admitted", lease: this.#take(member) };
    return this.#line.join(this.#limits.maxQueueWaitMs, () => this.#tooLate());
  }

  admitMirror(): Lease | null {
    if (this.#isClosed || this.#line.length > 0 || this.#copies >= mostCopies) return null;
    const member = this.#next();
    // As soon as there are live calls, one place is left for the next of them.
    if (member === null || (this.#inFlight > this.#copies && this.#freePlaces() < 2)) return null;
    this.#copies += 1;
    this.#inFlight += 1;
    return member.take(() => {
      this.#copies -= 1;
      this.#inFlight -= 1;
    });
  }

  ended({ status, totalMs }: { readonly status: number; readonly totalMs: number }): void {
    this.#tally.answered(status, totalMs);
  }

  metrics(): {
    readonly inFlight: number;
    readonly queued: number;
    readonly total: Tally;
    readonly lastMinute: Tally;
  } {
    return {
      inFlight: this.#inFlight,
      queued: this.#line.length,
      total: this.#tally.total(),
      lastMinute: this.#tally.lastMinute(),
    };
  }

  /** Everything that waits is refused, and everything that comes. */
  close(): void {
    this.#isClosed = true;
    this.#line.refuseAll(
      new ServingError("INSTANCE_NOT_READY", `Deployment ${this.name} is being removed.`, { retryAfterS: 1 }),
    );
  }

  #take(member: Member): Lease {
    this.#inFlight += 1;
    return member.take(() => {
      this.#inFlight -= 1;
    });
  }

  #serveLine(): void {
    while (this.#line.length > 0) {
      const member = this.#next();
      if (member === null) return;
      this.#line.give(this.#take(member));
    }
  }

  /** The open instance with the fewest calls; of several, each in turn. */
  #next(): Member | null {
    const { maxConcurrentPerInstance } = this.#limits;
    const count = this.#members.length;
    this.#turn += 1;
    let least: Member | null = null;
    for (let index = 0; index < count; index += 1) {
      const member = this.#members[(this.#turn + index) % count];
      if (member?.isOpen !== true) continue;
      if (member.inFlight >= member.places(maxConcurrentPerInstance)) continue;
      if (least === null || member.inFlight < least.inFlight) least = member;
    }
    return least;
  }

  #isFull(): boolean {
    if (this.#line.length >= longestLine) return true;
    const { maxConcurrentPerInstance: max } = this.#limits;
    if (max === null) return false;
    const open = this.#members.filter(({ isOpen }) => isOpen);
    const underWay = open.reduce((sum, { inFlight }) => sum + inFlight, 0);
    return underWay + this.#line.length >= 2 * max * Math.max(1, open.length);
  }

  #freePlaces(): number {
    return this.#members.reduce((sum, member) => {
      return member.isOpen
        ? sum + member.places(this.#limits.maxConcurrentPerInstance) - member.inFlight
        : sum;
    }, 0);
  }

  #places(): number {
    const { maxConcurrentPerInstance } = this.#limits;
    return this.#members.reduce((sum, member) => sum + member.places(maxConcurrentPerInstance), 0);
  }

  /** Seconds until what is here now has gone through the places. */
  #retryAfterS(): number {
    const ahead = this.#inFlight + this.#line.length;
    const waitMs = this.#service.waitMs(ahead / Math.max(1, this.#places()));
    return Math.min(longestRetryAfterS, Math.max(1, Math.ceil(waitMs / 1000)));
  }

  #tooLate(): ServingError {
    this.#tally.refused();
    const message = `The call waited for ${String(this.#limits.maxQueueWaitMs)} ms and no instance of ${this.name} was free.`;
    return new ServingError("QUEUE_FULL", message, { retryAfterS: this.#retryAfterS() });
  }
}
