import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import type { Admission, Lease } from "../ports/endpoint-directory.ts";
import { FakeBackend } from "../testing/fake-backend.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { DeploymentPool, type PoolMember } from "./deployment-pool.ts";

const blue = { endpoint: endpointNameSchema.parse("shop"), name: deploymentNameSchema.parse("blue") };
const small = fc.nat({ max: 7 });

const anyStep = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("call" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      which: small,
      isUnreachable: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("copy" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("leave" as const), which: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("add" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drain" as const), which: small }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("ready" as const), which: small, isReady: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat({ max: 400 }) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

const anySettings = fc.record({
  parallelCalls: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  maxConcurrentPerInstance: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  maxQueueWaitMs: fc.option(fc.integer({ min: 50, max: 500 }), { nil: null }),
});
type Settings = typeof anySettings extends fc.Arbitrary<infer Value> ? Value : never;

interface ModelMember {
  readonly backend: FakeBackend;
  readonly member: PoolMember;
  isReady: boolean;
  isDrained: boolean;
}

interface Waiting {
  readonly number: number;
  readonly admission: Extract<Admission, { kind: "waiting" }>;
}

/** A pool, and what is known of it from outside. */
class World {
  readonly clock = new VirtualClock();
  readonly pool = new DeploymentPool({ ...blue, clock: this.clock });
  readonly #settings: Settings;
  readonly #members: ModelMember[] = [];
  readonly #held = new Map<Lease, ModelMember>();
  readonly #line: Waiting[] = [];
  #number = 0;
  #lastServed = -1;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.pool.configure({ timeoutMs: 5000, ...settings });
  }

  async take(step: Step): Promise<void> {
    this.#do(step);
    if (step.do === "pass") await this.clock.advance(step.ms);
    else await this.clock.settle();
    this.#check();
  }

  async end(): Promise<void> {
    for (const lease of [...this.#held.keys()]) this.#release(lease, false);
    for (const { admission } of this.#line) admission.abandon();
    this.#line.length = 0;
    this.pool.close();
    await this.clock.runOut();
    for (const lease of [...this.#held.keys()]) this.#release(lease, false);
    expect(this.pool.metrics()).toMatchObject({ inFlight: 0, queued: 0 });
    expect(this.clock.pending).toBe(0);
  }

  #do(step: Step): void {
    const active = this.#members.filter(({ isDrained }) => !isDrained);
    switch (step.do) {
      case "call":
        this.#call();
        break;
      case "copy": {
        const lease = this.pool.admitMirror();
        if (lease !== null) this.#hold(lease);
        break;
      }
      case "end": {
        const lease = [...this.#held.keys()].at(step.which);
        if (lease !== undefined) this.#release(lease, step.isUnreachable);
        break;
      }
      case "leave": {
        const [gone] = this.#line.splice(step.which, 1);
        gone?.admission.abandon();
        break;
      }
      case "add": {
        const backend = new FakeBackend();
        const member = this.pool.add(backend, {
          parallelCalls: this.#settings.parallelCalls,
          routes: { liveness: "/", readiness: "/", scoring: "/score" },
        });
        this.#members.push({ backend, member, isReady: true, isDrained: false });
        break;
      }
      case "drain": {
        const one = active.at(step.which);
        if (one === undefined) break;
        one.isDrained = true;
        void one.member.drain(1000);
        break;
      }
      case "ready": {
        const one = active.at(step.which);
        if (one === undefined) break;
        one.isReady = step.isReady;
        one.member.setReady(step.isReady);
        break;
      }
      case "pass":
        break;
    }
  }

  #call(): void {
    const number = this.#number;
    this.#number += 1;
    const admission = this.pool.admit();
    if (admission.kind === "admitted") {
      // Whoever comes later does not overtake who waits.
      expect(this.#line).toHaveLength(0);
      this.#hold(admission.lease);
      this.#lastServed = number;
    }
    if (admission.kind !== "waiting") return;
    const waiting = { number, admission };
    this.#line.push(waiting);
    admission.lease.then(
      (lease) => {
        if (!this.#line.includes(waiting)) return;
        this.#line.splice(this.#line.indexOf(waiting), 1);
        expect(number).toBeGreaterThan(this.#lastServed);
        this.#lastServed = number;
        this.#hold(lease);
      },
      () => {
        if (this.#line.includes(waiting)) this.#line.splice(this.#line.indexOf(waiting), 1);
      },
    );
  }

  #hold(lease: Lease): void {
    const member = this.#members.find(({ backend }) => backend === lease.backend);
    if (member === undefined) throw new Error("A place on an instance that nobody added.");
    expect(member).toMatchObject({ isReady: true, isDrained: false });
    this.#held.set(lease, member);
    expect(this.#loadOf(member)).toBeLessThanOrEqual(this.#places());
  }

  #release(lease: Lease, isUnreachable: boolean): void {
    this.#held.delete(lease);
    lease.release(isUnreachable ? "unreachable" : "served");
  }

  #loadOf(member: ModelMember): number {
    return [...this.#held.values()].filter((one) => one === member).length;
  }

  #places(): number {
    const { parallelCalls, maxConcurrentPerInstance } = this.#settings;
    return Math.min(parallelCalls ?? Infinity, maxConcurrentPerInstance ?? Infinity);
  }

  #check(): void {
    expect(this.pool.metrics()).toMatchObject({ inFlight: this.#held.size, queued: this.#line.length });
    const { maxQueueWaitMs } = this.#settings;
    if (maxQueueWaitMs === null && this.clock.pending === 0 && this.#line.length > 0) {
      // Nobody is suspended or draining: somebody waits only if nothing is free.
      const free = this.#members.filter(
        (one) => one.isReady && !one.isDrained && this.#loadOf(one) < this.#places(),
      );
      expect(free).toHaveLength(0);
    }
  }
}

describe("a pool, whatever happens to it", () => {
  it(
    "gives places in order, never more than there are, and none to instances that are not ready",
    async () => {
      await fc.assert(
        fc.asyncProperty(anySettings, fc.array(anyStep, { maxLength: 80 }), async (settings, steps) => {
          const world = new World(settings);
          for (const step of steps) await world.take(step);
          await world.end();
        }),
        runs(100),
      );
    },
    patience.timeout,
  );
});
