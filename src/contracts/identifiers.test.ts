import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../core/testing/any-text.ts";
import { parseModelName, parseModelVersion } from "./identifiers.ts";

describe.each([parseModelName, parseModelVersion])("%o", (parse) => {
  it.each(["a", "mnist-svm", "v0.1.0", "3", "A_b+c.d", "x".repeat(128)])("takes %s", (text) => {
    expect(parse(text)).toBe(text);
  });

  it.each([
    "",
    ".",
    "..",
    "-a",
    "_a",
    "a/b",
    "a\\b",
    "a b",
    "a\n",
    "ä",
    "a%2e",
    "a:b",
    "a@b",
    "x".repeat(129),
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it("takes nothing that could mean something in a path, a URL, a metric or a log line", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (parse(text) === undefined) return;
        expect(text).toMatch(/^[\w.+-]+$/);
        expect(encodeURIComponent(text).replaceAll("%2B", "+")).toBe(text);
        expect(text.startsWith(".") || text.startsWith("-")).toBe(false);
      }),
    );
  });
});
