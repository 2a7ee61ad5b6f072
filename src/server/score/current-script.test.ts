import { expect, it } from "vitest";
import type { ScoringScript } from "../../core/ports/scoring-runner.ts";
import type { ScoringInstance } from "../../runtimes/python/scoring.ts";
import { CurrentScript } from "./current-script.ts";

/** An instance with a call under way, which ends when it is killed. */
class BusyInstance implements ScoringInstance {
  readonly processes = [1];
  readonly script: ScoringScript = {
    input: "text",
    takesHeaders: false,
    corsOrigins: [],
    documents: new Map(),
    timeoutMs: 60_000,
  };
  readonly graces: number[] = [];
  readonly #end = Promise.withResolvers<{ readonly reason: string; readonly isHopeless: boolean }>();
  readonly ended = this.#end.promise;

  score(): never {
    throw new Error("not called here");
  }

  async stop(graceMs: number): Promise<void> {
    this.graces.push(graceMs);
    if (graceMs === 0) this.#end.resolve({ reason: "it was stopped", isHopeless: false });
    await this.ended;
  }
}

it("a stop does not wait longer for the calls of a script that was replaced than for those of its successor", async () => {
  const [former, present] = [new BusyInstance(), new BusyInstance()];
  const instances = [former, present].values();
  const script = new CurrentScript(() => Promise.resolve(instances.next().value ?? present));
  await script.replace();
  await script.replace();
  expect(former.graces).toEqual([60_000]);
  await script.stop(0);
  expect(former.graces.at(-1)).toBe(0);
  expect(present.graces).toEqual([0]);
});
