import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FakeHandler } from "../testing/fake-handlers.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { endOf, HostRig } from "../testing/host-rig.ts";

const names = ["a", "b", "c"] as const;
const responseTimeoutMs = 500;
/** Past every limit: loads, drains, pauses. */
const longEnoughMs = 200_000;

const anyName = fc.constantFrom(...names);
const anyBehaviour: fc.Arbitrary<Partial<FakeHandler>> = fc.record({
  loadMs: fc.constantFrom(0, 10, 200),
  load: fc.constantFrom("ready", "ready", "ready", "fails", "out-of-memory", "never"),
  runMs: fc.constantFrom(0, 0, 0.5, 5, 300, "never" as const),
  run: fc.constantFrom("answers", "answers", "answers", "fails", "crashes", "mixed-up"),
  memoryBytes: fc.constantFrom(500, 1000),
  window: fc.constantFrom(1, 8),
});

const anyStep = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("behave" as const), name: anyName, how: anyBehaviour }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("register" as const),
      name: anyName,
      workers: fc.integer({ min: 0, max: 3 }),
      batchSize: fc.constantFrom(1, 1, 3),
      synchronous: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unregister" as const), name: anyName }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("scale" as const),
      name: anyName,
      min: fc.integer({ min: 0, max: 3 }),
      more: fc.integer({ min: 0, max: 2 }),
      synchronous: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("call" as const),
      name: anyName,
      count: fc.integer({ min: 1, max: 10 }),
      leavesAfterMs: fc.option(fc.constantFrom(0, 3, 100), { freq: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("kill" as const), which: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 5, 40, 700) }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

const ends = new Set<string>();

/** A host, and what the rules say of it in the plainest words. */
class World {
  readonly rig = new HostRig({ jobQueueSize: 10, memoryBudgetBytes: 5000 });
  /** How each call ended, by its text; twice would show. */
  readonly #ended = new Map<string, string[]>();
  readonly #asked: Promise<unknown>[] = [];
  #calls = 0;

  constructor() {
    for (const name of names) this.rig.behaviour.set(name, { runMs: 0.5, window: 8 });
  }

  /** Most stories begin where models are at work. */
  async begin(): Promise<void> {
    const start = { do: "register", batchSize: 1, synchronous: true } as const;
    await this.take({ ...start, name: "a", workers: 1 });
    await this.take({ ...start, name: "b", workers: 2 });
    await this.take({ do: "pass", ms: 40 });
    for (const name of ["a", "b"] as const) {
      await this.take({ do: "call", name, count: 1, leavesAfterMs: null });
    }
    await this.take({ do: "pass", ms: 5 });
  }

  async take(step: Step): Promise<void> {
    const { rig } = this;
    switch (step.do) {
      case "behave":
        rig.behaviour.set(step.name, step.how);
        break;
      case "register":
        this.#register(step);
        break;
      case "unregister":
        this.#asked.push(this.#unregister(step.name));
        break;
      case "scale":
        this.#scale(step);
        break;
      case "call":
        for (let count = 0; count < step.count; count += 1) this.#call(step.name, step.leavesAfterMs);
        break;
      case "kill": {
        const all = [...rig.handlers.running];
        all[step.which % Math.max(1, all.length)]?.kill();
        break;
      }
      case "pass":
        await rig.clock.advance(step.ms);
    }
    await rig.clock.settle();
    expect(rig.handlers.heldBytes).toBeLessThanOrEqual(5000 + 1000);
  }

  /** Everything comes to its end by itself; then nothing is left when the host stops. */
  async end(): Promise<void> {
    const { rig } = this;
    await rig.clock.advance(longEnoughMs);
    for (const name of names) rig.behaviour.set(name, {});
    for (const process of [...rig.handlers.running]) process.kill();
    await rig.clock.advance(longEnoughMs);
    await rig.clock.until(Promise.all(this.#asked));
    expect(this.#ended.size).toBe(this.#calls);
    // What a call does to the world, it does once.
    expect(new Set(rig.handlers.begun).size).toBe(rig.handlers.begun.length);
    for (const [text, how] of this.#ended) {
      expect(how, text).toHaveLength(1);
      for (const one of how) ends.add(one === text ? "answered" : one);
    }
    await this.#checkHealed();
    await rig.clock.until(rig.host.stop());
    await rig.clock.advance(longEnoughMs);
    expect([rig.handlers.running.size, rig.handlers.loading, rig.clock.pending]).toEqual([0, 0, 0]);
  }

  /** With handlers that are well again, every model has its workers and answers. */
  async #checkHealed(): Promise<void> {
    const { rig } = this;
    for (const { name } of rig.host.list({ limit: 100, token: 0 }).models) {
      const { workers, minWorkers, maxWorkers } = await rig.host.describe(name);
      expect(workers.length).toBeGreaterThanOrEqual(minWorkers);
      expect(workers.length).toBeLessThanOrEqual(maxWorkers);
      if (workers.some(({ status }) => status === "READY")) expect(await rig.ask(name, "well")).toBe("well");
    }
  }

  #register(step: Extract<Step, { readonly do: "register" }>): void {
    const { rig } = this;
    const { name, workers, batchSize, synchronous } = step;
    const wasTaken = rig.host.has(name);
    const options = { minWorkers: workers, batchSize, maxBatchDelayMs: 20, responseTimeoutMs, synchronous };
    const asked = rig.register(name, options).then((outcome) => {
      if (wasTaken) expect(outcome).toBe("ALREADY_EXISTS");
      else expect(outcome).not.toBe("ALREADY_EXISTS");
      ends.add(outcome);
    });
    // It is there at once, so that calls can wait for it.
    expect(rig.host.has(name)).toBe(true);
    this.#asked.push(asked);
  }

  async #unregister(name: string): Promise<void> {
    const { rig } = this;
    const before = rig.handlers.of(name);
    const wasThere = rig.host.has(name);
    const unloading = rig.unload(name);
    expect(rig.host.has(name)).toBe(false);
    expect(await unloading).toBe(wasThere ? "unloaded" : "MODEL_NOT_FOUND");
    // Its memory is back.
    if (wasThere) for (const process of before) expect(rig.handlers.running.has(process)).toBe(false);
  }

  #scale({ name, min, more, synchronous }: Extract<Step, { readonly do: "scale" }>): void {
    const { host } = this.rig;
    const scaling = host.scale(name, { minWorkers: min, maxWorkers: min + more, synchronous });
    this.#asked.push(scaling.catch(() => "failed"));
  }

  #call(name: string, leavesAfterMs: number | null): void {
    const { rig } = this;
    this.#calls += 1;
    const text = `call ${String(this.#calls)}`;
    const startedAt = rig.clock.now();
    const call = rig.call(name, text);
    void call.outcome.then((outcome) => {
      const end = endOf(outcome);
      this.#ended.set(text, [...(this.#ended.get(text) ?? []), end]);
      // Waiting, then running, or as long again in a worker that held it.
      expect(rig.clock.now() - startedAt).toBeLessThanOrEqual(3 * responseTimeoutMs);
      if (outcome.kind === "answered") expect(end).toBe(text);
    });
    if (leavesAfterMs === null) return;
    rig.clock.schedule(leavesAfterMs, () => {
      call.cancel();
    });
  }
}

describe("a model host", () => {
  it("loses no call, answers none twice, and leaves no process, whatever happens", patience, async () => {
    const steps = fc.array(anyStep, { minLength: 5, maxLength: 40, size: "max" });
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const world = new World();
        await world.begin();
        for (const step of story) await world.take(step);
        await world.end();
      }),
      runs(200),
    );
    // What comes up in any hundred stories; rarer ends have tests of their own.
    const usual = [
      "answered",
      "WORKER_DIED",
      "QUEUE_FULL",
      "MODEL_NOT_FOUND",
      "MODEL_NOT_READY",
      "CANCELLED",
    ];
    expect([...ends]).toEqual(expect.arrayContaining([...usual, "scaled", "scaling", "ALREADY_EXISTS"]));
  });
});
