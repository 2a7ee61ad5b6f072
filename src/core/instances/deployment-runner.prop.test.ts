import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, runs } from "../testing/fuzz.ts";
import { RunnerRig } from "../testing/runner-rig.ts";

const kinds = ["good", "slow", "crashing", "hopeless", "never"] as const;
type Kind = (typeof kinds)[number];

const programs = {
  good: {},
  slow: { readyAfterMs: 400 },
  crashing: { readyAfterMs: null, endsAfterMs: 20 },
  hopeless: { readyAfterMs: null, endsAfterMs: 20, end: { reason: "exit code 1", isHopeless: true } },
  never: { readyAfterMs: null },
} as const;

const anyStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("apply" as const),
      kind: fc.constantFrom(...kinds),
      count: fc.integer({ min: 1, max: 3 }),
      isSingle: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("resize" as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sicken" as const), which: fc.nat() }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 800 }) }),
  },
);
/** Whether what is asked for needs a port of its own: nothing does, all of it, or some. */
const ports = ["free", "fixed", "mixed"] as const;
type Ports = (typeof ports)[number];
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** Past every limit that these deployments have. */
const longEnoughMs = 60_000;
const probes = {
  readiness_probe: { initial_delay: 1, period: 1, failure_threshold: 3 },
  liveness_probe: { initial_delay: 1, period: 1, failure_threshold: 3 },
};

interface Wanted {
  readonly revision: number;
  readonly kind: Kind;
  readonly count: number;
  readonly identity: string;
  readonly isSingle: boolean;
}

/** A deployment, and what the rules say of it in the plainest words. */
class World {
  readonly rig = new RunnerRig();
  readonly #ports: Ports;
  /** In the order they were asked for. */
  readonly asked: Wanted[] = [];
  /** Whether something was done to an instance lately: then fewer than wanted may run. */
  #isHurt = false;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async take(step: Step): Promise<void> {
    const { rig } = this;
    if (step.do === "apply") {
      const isSingle = this.#ports === "fixed" || (this.#ports === "mixed" && step.isSingle);
      this.#apply({ ...step, isSingle, identity: `identity ${String(this.asked.length)}` });
    } else if (step.do === "resize") {
      const last = this.asked.at(-1);
      if (last !== undefined) this.#apply({ ...last, count: step.count });
    } else if (step.do === "pass") await rig.clock.advance(step.ms);
    else this.#hurt(step);
    await rig.clock.settle();
    this.check();
  }

  check(): void {
    const { rig } = this;
    const ofOnePort = [...rig.launcher.instances].filter(({ order }) => this.#isSingle(order.revision));
    expect(ofOnePort.length).toBeLessThanOrEqual(1);
    const revisions = rig.settled.map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(revisions.length);
    // Whatever is asked for, what has served goes on serving.
    const hasServed = rig.settled.some(({ outcome }) => outcome.kind === "succeeded");
    if (!hasServed || this.#mustPause() || this.#isHurt) return;
    const admission = rig.pool.admit();
    expect(admission.kind).toBe("admitted");
    if (admission.kind === "admitted") admission.lease.release();
  }

  async end(): Promise<void> {
    const { rig } = this;
    await rig.clock.advance(longEnoughMs);
    this.#isHurt = false;
    const last = this.asked.at(-1);
    if (last === undefined) return;
    expect(rig.settled.at(-1)?.revision).toBe(last.revision);
    const serving = this.#serving();
    const count = serving === undefined ? 0 : serving.isSingle ? 1 : serving.count;
    expect(rig.states.split(" ").filter((state) => state === "ready")).toHaveLength(count);
    expect(rig.launcher.instances.size).toBe(count);
    expect(rig.launcher.prepared).toBe(count === 0 ? 0 : 1);
    await rig.clock.until(rig.runner.stop({ force: false }));
    await rig.clock.runOut();
    expect([rig.launcher.instances.size, rig.launcher.prepared, rig.clock.pending]).toEqual([0, 0, 0]);
  }

  /** The newest that came to serve, with the count that was asked for last. */
  #serving(): Wanted | undefined {
    const succeeded = this.rig.settled.filter(({ outcome }) => outcome.kind === "succeeded");
    const revision = succeeded.at(-1)?.revision;
    const identity = this.asked.find((wanted) => wanted.revision === revision)?.identity;
    return this.asked.findLast((wanted) => wanted.identity === identity);
  }

  #isSingle(revision: number): boolean {
    return this.asked.some((wanted) => wanted.revision === revision && wanted.isSingle);
  }

  /** Whether one of two that want the same port had to end before the other could begin. */
  #mustPause(): boolean {
    const singles = this.asked.filter(({ isSingle }) => isSingle);
    return new Set(singles.map(({ identity }) => identity)).size > 1;
  }

  #apply({ kind, count, identity, isSingle }: Omit<Wanted, "revision">): void {
    const program = { ...programs[kind], isSingle };
    const revision = this.rig.apply(program, { instance_count: count, ...probes }, identity);
    this.asked.push({ revision, kind, count, identity, isSingle });
  }

  #hurt(step: { readonly do: "kill" | "sicken"; readonly which: number }): void {
    const all = [...this.rig.launcher.instances];
    const instance = all[step.which % Math.max(1, all.length)];
    if (instance === undefined) return;
    this.#isHurt = true;
    if (step.do === "kill") instance.die();
    else instance.isAlive = false;
  }
}

describe("a deployment", () => {
  it(
    "comes to what was asked for last, or to what served before, and keeps serving on the way",
    patience,
    async () => {
      const steps = fc.array(anyStep, { minLength: 5, maxLength: 30, size: "max" });
      let flips = 0;
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...ports), steps, async (kind, story) => {
          const world = new World(kind);
          for (const step of story) await world.take(step);
          await world.end();
          flips += world.rig.settled.filter(({ outcome }) => outcome.kind === "succeeded").length;
        }),
        runs(150),
      );
      expect(flips).toBeGreaterThan(100);
    },
  );
});
