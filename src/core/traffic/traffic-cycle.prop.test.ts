import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/fuzz.ts";
import { trafficCycle, type Turn } from "./traffic-cycle.ts";

/** Shares of up to eight deployments, 100 together. */
const anyTraffic = fc
  .uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 7 })
  .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), 100])
  .map((cuts) => cuts.slice(1).map((cut, index) => cut - (cuts[index] ?? 0)))
  .map((shares) => Object.fromEntries(shares.map((share, index) => [`deployment-${String(index)}`, share])));
const anyMirror = fc.integer({ min: 0, max: 50 });

function countOf(turns: readonly Turn[], isCounted: (turn: Turn) => boolean): number {
  return turns.filter(isCounted).length;
}

describe("the order in which deployments get calls", () => {
  it("gives each exactly its percentage over any 100 calls in a row", () => {
    fc.assert(
      fc.property(anyTraffic, anyMirror, fc.nat({ max: 99 }), (traffic, percent, start) => {
        const cycle = trafficCycle(traffic, { shadow: percent });
        const window = [...cycle, ...cycle].slice(start, start + 100);
        for (const [name, share] of Object.entries(traffic)) {
          expect(countOf(window, ({ deployment }) => deployment === name)).toBe(share);
        }
        expect(countOf(window, ({ mirror }) => mirror === "shadow")).toBe(percent);
      }),
      runs(200),
    );
  });

  it("never lets one get a whole call ahead or behind", () => {
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const cycle = trafficCycle(traffic, {});
        for (const [name, share] of Object.entries(traffic)) {
          for (let calls = 1; calls <= 100; calls += 1) {
            const had = countOf(cycle.slice(0, calls), ({ deployment }) => deployment === name);
            expect(Math.abs(had - (calls * share) / 100)).toBeLessThan(1);
          }
        }
      }),
      runs(50),
    );
  });

  it("copies from each deployment in the proportion that it has of all calls", () => {
    fc.assert(
      fc.property(anyTraffic, anyMirror, (traffic, percent) => {
        const cycle = trafficCycle(traffic, { shadow: percent });
        for (const [name, share] of Object.entries(traffic)) {
          const copied = countOf(cycle, ({ deployment, mirror }) => deployment === name && mirror !== null);
          expect(Math.abs(copied - (share * percent) / 100)).toBeLessThanOrEqual(1);
        }
      }),
      runs(200),
    );
  });

  it("is empty where nothing has traffic", () => {
    expect(trafficCycle({}, { shadow: 10 })).toEqual([]);
    expect(trafficCycle({ blue: 0, green: 0 }, {})).toEqual([]);
  });
});
