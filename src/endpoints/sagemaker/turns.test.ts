import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShadowTurns, VariantTurns, wholeShares } from "./turns.ts";

function countOf(turns: VariantTurns, calls: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let call = 0; call < calls; call += 1) {
    const name = turns.next() ?? "nobody";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe("VariantTurns", () => {
  it("gives each variant exactly its share of any hundred calls", () => {
    const weights = fc.integer({ min: 1, max: 99 });
    fc.assert(
      fc.property(weights, fc.nat(500), (percent, before) => {
        const turns = new VariantTurns({ a: percent / 100, b: (100 - percent) / 100 });
        countOf(turns, before);
        expect(countOf(turns, 100)).toEqual({ a: percent, b: 100 - percent });
      }),
    );
  });

  it("takes any weights, and is never far from them", () => {
    const weight = fc.double({ min: 0.001, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 10 }), (weights) => {
        const names = weights.map((_, index) => `v${String(index)}`);
        const turns = new VariantTurns(
          Object.fromEntries(names.map((name, index) => [name, weights[index] ?? 0])),
        );
        const counts = countOf(turns, 10_000);
        const sum = weights.reduce((all, one) => all + one, 0);
        for (const [index, name] of names.entries()) {
          const share = (weights[index] ?? 0) / sum;
          expect(Math.abs((counts[name] ?? 0) / 10_000 - share)).toBeLessThan(0.011);
          expect(counts[name]).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("gives nothing to a variant without weight, and to nobody where none has any", () => {
    expect(countOf(new VariantTurns({ a: 1, b: 0 }), 50)).toEqual({ a: 50 });
    expect(new VariantTurns({ a: 0 }).next()).toBeNull();
    expect(wholeShares([0, 0])).toEqual([0, 0]);
  });
});

describe("ShadowTurns", () => {
  it("copies the part of the calls that it is told, evenly", () => {
    const turns = new ShadowTurns(0.3);
    const copied = Array.from({ length: 100 }, () => turns.next());
    expect(copied.filter(Boolean)).toHaveLength(30);
    expect(copied.slice(0, 50).filter(Boolean)).toHaveLength(15);
  });

  it("copies all where the shadow weighs as much as everything else, and none where it weighs nothing", () => {
    const [all, none] = [new ShadowTurns(3), new ShadowTurns(0)];
    expect(Array.from({ length: 5 }, () => [all.next(), none.next()])).toEqual(
      Array.from({ length: 5 }, () => [true, false]),
    );
  });
});
