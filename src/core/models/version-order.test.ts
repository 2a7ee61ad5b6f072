import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareAsMlserver, compareNatural, defaultVersion } from "./version-order.ts";

/** Versions that collide often: few digits, few words, all separators. */
const version = fc
  .array(fc.constantFrom("0", "1", "9", "10", "v", "V", "rc", "beta", "a", "-", ".", "_", "+"), {
    maxLength: 6,
  })
  .map((pieces) => `1${pieces.join("")}`)
  .chain((text) => fc.constantFrom(text, `v${text}`, text.slice(1)));

describe("compareNatural", () => {
  it.each([
    ["v9", "v10"],
    ["1.9", "1.10"],
    ["v1.2.3", "v12.3.4"],
    ["9", "v10"],
    ["v9", "10"],
    ["1.0.0-rc1", "1.0.0"],
    ["1.0.0-rc2", "1.0.0-rc10"],
    ["1.0.0-beta", "1.0.0-rc1"],
    ["1.0.0", "1.0.0-2"],
    ["1.0", "1.0.1"],
    ["2024-12-31", "2025-01-01"],
    ["v3", "8"],
    ["blue", "green"],
    ["99999999999999999998", "99999999999999999999"],
  ])("says that %s is older than %s", (older, newer) => {
    expect(compareNatural(older, newer)).toBeLessThan(0);
    expect(compareNatural(newer, older)).toBeGreaterThan(0);
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareNatural(a, b))).toBe(0 - Math.sign(compareNatural(b, a)));
        expect(compareNatural(a, b) === 0).toBe(a === b);
        const [x = "", y = "", z = ""] = [a, b, c].sort(compareNatural);
        expect(compareNatural(x, y)).toBeLessThanOrEqual(0);
        expect(compareNatural(y, z)).toBeLessThanOrEqual(0);
        expect(compareNatural(x, z)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("orders numbers by their value", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(Math.sign(compareNatural(`v${String(a)}`, `v${String(b)}`))).toBe(Math.sign(a - b));
      }),
    );
  });
});

describe("defaultVersion", () => {
  /** The table that MLServer's own tests pin. */
  it.each([
    [["4", "3", "2", "1", "7", "5", "6"], "7", "7"],
    [["v1", "v3", "v2"], "v3", "v3"],
    [["v10", "v3", "v2"], "v3", "v10"],
    [["8", "v3", "7"], "v3", "8"],
    [["v1.0.0", "v1.2.3", "v12.3.4"], "v12.3.4", "v12.3.4"],
    [["v9", "v10"], "v9", "v10"],
    [["9", "10"], "10", "10"],
    [["1_000", "999"], "1_000", "999"],
  ])("takes from %j as MLServer %s, in natural order %s", (versions, asMlserver, natural) => {
    expect(defaultVersion(versions, "mlserver")).toBe(asMlserver);
    expect(defaultVersion(versions, "natural")).toBe(natural);
  });

  it("takes a model without a version before all others", () => {
    expect(defaultVersion(["v1", null, "v2"], "natural")).toBeNull();
    expect(defaultVersion(["v1", null, "v2"], "mlserver")).toBeNull();
  });

  it("takes nothing from nothing", () => {
    expect(defaultVersion([], "natural")).toBeUndefined();
  });

  it("does not depend on the order of the versions in natural order", () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1 }), (versions) => {
        expect(defaultVersion(versions, "natural")).toBe(defaultVersion(versions.toReversed(), "natural"));
      }),
    );
  });

  it("keeps the first of two versions that MLServer takes for equal", () => {
    expect(compareAsMlserver("01", "1")).toBe(0);
    expect(defaultVersion(["01", "1"], "mlserver")).toBe("01");
  });
});
