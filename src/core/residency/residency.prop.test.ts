import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelVersion } from "../models/model-version.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { patience, runs } from "../testing/fuzz.ts";
import type { Ending } from "../testing/queue-rig.ts";
import { modelBytes, ResidencyRig } from "../testing/residency-rig.ts";

interface Habits {
  readonly loadMs: number;
  readonly unloadMs: number;
  readonly computeMs: number;
  /** Never more than what is reckoned with before the first load. */
  readonly memoryBytes: number;
  readonly isPinned: boolean;
}

const anyHabits: fc.Arbitrary<Habits> = fc.record({
  loadMs: fc.integer({ min: 0, max: 30 }),
  unloadMs: fc.integer({ min: 0, max: 10 }),
  computeMs: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 1, arbitrary: fc.constant(40_000) },
  ),
  memoryBytes: fc.integer({ min: modelBytes >> 1, max: modelBytes }),
  isPinned: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const model = fc.nat({ max: 5 });
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("call" as const), model }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("load" as const), model }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unload" as const), model }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("break" as const), model }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("mend" as const), model }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), model }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 60 }) }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** Models that come and go under a budget; what must not happen is looked for whenever anything happens. */
class World {
  readonly rig: ResidencyRig;
  readonly versions: readonly ModelVersion[];
  readonly endings: { readonly ending: Ending }[] = [];
  readonly promises: Promise<unknown>[] = [];
  readonly broken = new Set<string>();
  readonly #budgetBytes: number | undefined;

  constructor(habits: readonly Habits[], budgetBytes: number | undefined) {
    this.#budgetBytes = budgetBytes;
    const named = new Map(habits.map((habit, index) => [`m${String(index)}`, habit]));
    this.rig = new ResidencyRig({
      ...(budgetBytes === undefined ? {} : { budgetBytes }),
      concurrentLoads: 2,
      about: ({ name }) => {
        const { memoryBytes = 0, computeMs = 0, loadMs = 0, unloadMs = 0 } = named.get(name) ?? {};
        this.#check(`${name} is loaded twice`, this.#instancesOf(name) === 0);
        return {
          loadMs,
          unloadMs,
          description: { memoryBytes },
          loadFailure: this.broken.has(name) ? new ServingError("MODEL_LOAD_FAILED", "Broken.") : null,
          run: (batch) => ({
            computeMs,
            finish: () => ({
              kind: "done",
              computeMs,
              result: { outputs: batch.payload.kind === "tensors" ? batch.payload.tensors : [] },
            }),
          }),
        };
      },
    });
    this.versions = [...named].map(([name, { isPinned }]) => this.rig.version(name, { pinned: isPinned }));
    const { meter } = this.rig;
    const evicted = meter.evicted.bind(meter);
    meter.evicted = (version, reason) => {
      evicted(version, reason);
      this.#checkEviction(version);
    };
  }

  take(step: Step): Promise<void> | undefined {
    if (step.do === "pass") return this.#pass(step.ms);
    const version = this.versions[step.model % this.versions.length];
    if (version === undefined) return undefined;
    switch (step.do) {
      case "call":
        this.#call(version);
        return undefined;
      case "load":
        this.promises.push(this.rig.residency.load(version, { cold: false }).catch(() => undefined));
        return undefined;
      case "unload":
        this.promises.push(this.rig.residency.unload(version));
        return undefined;
      case "break":
        this.broken.add(version.label);
        return undefined;
      case "mend":
        this.broken.delete(version.label);
        return undefined;
      case "crash":
        version.instance?.abort();
        return undefined;
    }
  }

  async end(): Promise<void> {
    await this.rig.clock.runOut();
    this.checkMemory();
    await this.rig.clock.until(Promise.all(this.promises));
    const ready = this.versions.filter(({ state }) => state === "ready");
    expect(this.rig.resident).toBe(
      ready
        .map(({ label }) => label)
        .sort()
        .join(" "),
    );
    expect(this.rig.runtime.instances.size).toBe(ready.length);
    for (const { state } of this.versions) expect(["registered", "ready", "failed"]).toContain(state);
    for (const [number, { ending }] of this.endings.entries()) {
      expect([number, "MODEL_LOAD_FAILED", "OUT_OF_MEMORY", "WORKER_DIED"]).toContain(ending);
    }
  }

  checkMemory(): void {
    const { heldBytes, mostLoading } = this.rig.runtime;
    expect(heldBytes).toBeLessThanOrEqual(this.#budgetBytes ?? Infinity);
    expect(mostLoading).toBeLessThanOrEqual(this.#budgetBytes === undefined ? 2 : 1);
    expect(this.#complaints).toEqual([]);
  }

  async #pass(ms: number): Promise<void> {
    await this.rig.clock.advance(ms);
    this.checkMemory();
  }

  #call(version: ModelVersion): void {
    try {
      // Each its own number: the same request twice in a crash would be taken for its cause.
      this.endings.push(this.rig.call(version, this.endings.length));
    } catch (error) {
      expect(error).toBe(version.failure);
    }
  }

  #instancesOf(name: string): number {
    const version = this.versions.find(({ label }) => label === name);
    return version?.instance === null ? 0 : 1;
  }

  readonly #complaints: string[] = [];

  #check(complaint: string, isKept: boolean): void {
    if (!isKept) this.#complaints.push(complaint);
  }

  #checkEviction(victim: ModelVersion): void {
    const { resident } = this.rig.residency;
    this.#check("something pinned is evicted", !victim.spec.pinned);
    this.#check("something busy is evicted", victim.queue.isIdle);
    const others = [...resident].filter(
      (version) => !version.spec.pinned && version.queue.isIdle && version.state === "ready",
    );
    this.#check(
      "something is evicted before its turn",
      others.every(({ lastUsedAt }) => victim.lastUsedAt <= lastUsedAt),
    );
    this.#check("something is evicted without a budget", this.#budgetBytes !== undefined);
  }
}

describe("residency", () => {
  it(
    "keeps within its budget, evicts by its rules, and leaves nobody waiting, whatever happens",
    patience,
    async () => {
      const habits = fc.array(anyHabits, { minLength: 3, maxLength: 6 });
      const budget = fc.option(fc.integer({ min: modelBytes, max: 4 * modelBytes }), {
        nil: undefined,
        freq: 4,
      });
      const steps = fc.array(anyStep, { minLength: 15, maxLength: 50, size: "max" });
      let evictions = 0;
      await fc.assert(
        fc.asyncProperty(habits, budget, steps, async (models, budgetBytes, story) => {
          const world = new World(models, budgetBytes);
          for (const step of story) {
            await world.take(step);
            world.checkMemory();
          }
          await world.end();
          evictions += world.rig.meter.evictions.length;
        }),
        runs(250),
      );
      expect(evictions).toBeGreaterThan(50);
    },
  );
});
