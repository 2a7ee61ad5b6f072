import { describe, expect, test } from "vitest";
import { parseQuantity } from "./quantities.ts";

describe("quantities", () => {
  test.each([
    ["500m", 0.5],
    ["2", 2],
    ["0.25", 0.25],
    ["1e3", 1000],
    ["512Mi", 512 * 1024 * 1024],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["1G", 1e9],
  ])("%s is %d", (text, value) => {
    expect(parseQuantity(text, "resources.limits.memory")).toBe(value);
  });

  test.each(["", "lots", "1 GB", "-1", "2gi"])("%j is refused with its field", (text) => {
    expect(() => parseQuantity(text, "resources.limits.memory")).toThrow(/^resources\.limits\.memory: /);
  });
});
