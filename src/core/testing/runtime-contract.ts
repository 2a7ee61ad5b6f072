import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSpec } from "../models/model-spec.ts";
import type { Instance, Runtime } from "../ports/runtime.ts";
import type { Batch } from "../scheduling/batch.ts";

export interface RuntimeSubject {
  readonly runtime: Runtime;
  /** A model that answers a good batch with as many rows. */
  readonly spec: ModelSpec;
  /** Batches of a few rows that the model takes. */
  readonly goodBatch: (rows: number) => Batch;
  /** One that it refuses. */
  readonly badBatch: Batch;
  /** A model whose artifact cannot be loaded. */
  readonly brokenSpec: ModelSpec;
  /** Waits for a promise; on a virtual clock it lets the time pass that this takes. */
  readonly until: <Result>(promise: Promise<Result>) => Promise<Result>;
}

const loadFailures = ["MODEL_LOAD_FAILED", "ENVIRONMENT_UNUSABLE", "OUT_OF_MEMORY"];

/** What the core relies on, of every runtime. */
export function runtimeContract(make: () => Promise<RuntimeSubject>): void {
  runsBatches(make);
  describe("runtime contract: load, unload, stop", () => {
    it("loads a model that can run, and says what it is", async () => {
      await using subject = await started(make);
      const { description, isAvailable, lane } = await subject.load();
      expect(description.outputs).toContain(description.defaultOutput);
      expect(description.memoryBytes).toBeGreaterThanOrEqual(0);
      expect(isAvailable).toBe(true);
      expect(lane.underWay).toBe(0);
    });

    it("says why a model cannot be loaded, and loads others", async () => {
      await using subject = await started(make);
      const { runtime, brokenSpec } = subject;
      const error: unknown = await subject.until(runtime.load(brokenSpec)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ServingError);
      expect(loadFailures).toContain(ServingError.from(error).code);
      const instance = await subject.load();
      expect(instance.isAvailable).toBe(true);
    });

    it("unloads one instance of a model and leaves the other", async () => {
      await using subject = await started(make);
      const [first, second] = [await subject.load(), await subject.load()];
      await subject.until(first.unload());
      expect(first.isAvailable).toBe(false);
      const refused = await subject.until(first.run(subject.goodBatch(1)));
      expect(refused.kind).not.toBe("done");
      const answered = await subject.until(second.run(subject.goodBatch(1)));
      expect(answered.kind).toBe("done");
    });

    it("stops for good, however often it is told", async () => {
      await using subject = await started(make);
      const instance = await subject.load();
      await subject.until(subject.runtime.stop());
      await subject.until(subject.runtime.stop());
      const outcome = await subject.until(instance.run(subject.goodBatch(1)));
      expect(outcome.kind).not.toBe("done");
      await expect(subject.until(subject.runtime.load(subject.spec))).rejects.toBeInstanceOf(ServingError);
    });
  });
}

function runsBatches(make: () => Promise<RuntimeSubject>): void {
  describe("runtime contract: run", () => {
    it("answers every batch with its own rows, however many are under way", async () => {
      await using subject = await started(make);
      const instance = await subject.load();
      const sizes = [1, 3, 2, 5, 1];
      const runs = sizes.map((rows) => instance.run(subject.goodBatch(rows)));
      const answered = await subject.until(Promise.all(runs));
      const rows = answered.map((outcome) =>
        outcome.kind === "done" ? outcome.result.outputs[0]?.shape[0] : outcome,
      );
      expect(rows).toEqual(sizes);
      for (const outcome of answered)
        expect(outcome.kind === "done" && outcome.computeMs).toBeGreaterThanOrEqual(0);
    });

    it("says that a batch failed, and goes on", async () => {
      await using subject = await started(make);
      const instance = await subject.load();
      const outcome = await subject.until(instance.run(subject.badBatch));
      expect(outcome.kind).toBe("failed");
      expect(outcome.kind === "failed" && outcome.error).toBeInstanceOf(ServingError);
      const next = await subject.until(instance.run(subject.goodBatch(1)));
      expect(next.kind).toBe("done");
    });
  });
}

type StartedSubject = RuntimeSubject & AsyncDisposable & { readonly load: () => Promise<Instance> };

/** The subject, stopped at the end of its test. */
async function started(make: () => Promise<RuntimeSubject>): Promise<StartedSubject> {
  const subject = await make();
  const { runtime, spec, until } = subject;
  return {
    ...subject,
    load: () => until(runtime.load(spec)),
    [Symbol.asyncDispose]: () => until(runtime.stop()),
  };
}
