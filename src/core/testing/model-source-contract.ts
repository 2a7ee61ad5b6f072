import { describe, expect, it } from "vitest";
import { parseModelName, parseModelVersion } from "../../contracts/identifiers.ts";
import { labelOf } from "../models/model-spec.ts";
import type { ModelSource } from "../ports/model-source.ts";

export interface ModelSourceSubject {
  readonly source: ModelSource;
  /** `name` or `name@version` of all that can be served, in any order. */
  readonly labels: readonly string[];
  /** Names of models that are there and cannot be served. */
  readonly broken: readonly string[];
}

const unknownName = "no-model-of-this-name";

/** What the core relies on, of every place that models come from. */
export function modelSourceContract(make: () => Promise<ModelSourceSubject>): void {
  describe("model source contract", () => {
    it("lists every version of every model once, and what is wrong with the others", async () => {
      const { source, labels, broken } = await make();
      const { specs, problems } = await source.list();
      expect(specs.map(labelOf).sort()).toEqual([...labels].sort());
      expect([...new Set(problems.map(({ name }) => name))].sort()).toEqual([...broken].sort());
      for (const { where, reason } of problems) expect([where, reason]).not.toContain("");
    });

    it("makes specs that can be loaded as they are", async () => {
      const { source } = await make();
      const { specs } = await source.list();
      for (const spec of specs) {
        expect(parseModelName(spec.name)).toBe(spec.name);
        if (spec.version !== null) expect(parseModelVersion(spec.version)).toBe(spec.version);
        expect([spec.artifact[0], spec.folder[0]]).toEqual(["/", "/"]);
      }
      expect(specs.length).toBeGreaterThan(0);
    });

    it("finds by name exactly what it lists under that name", async () => {
      const { source, labels, broken } = await make();
      const { specs, problems } = await source.list();
      const names = new Set([...labels.map((label) => label.replace(/@.*/, "")), ...broken]);
      for (const name of names) {
        const found = await source.find(name);
        expect(found.specs).toEqual(specs.filter((spec) => spec.name === name));
        expect(found.problems).toEqual(problems.filter((problem) => problem.name === name));
      }
    });

    it.each([unknownName, "", "../etc", "a/b", "*"])("finds nothing under %j", async (name) => {
      const { source } = await make();
      const { specs, problems } = await source.find(name);
      expect({ specs, problems }).toEqual({ specs: [], problems: [] });
    });

    it("says the same when it is asked again", async () => {
      const { source } = await make();
      const listing = await source.list();
      expect(await source.list()).toEqual(listing);
    });
  });
}
