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
    const harmless = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,5}$/);
    const almostHarmless = fc.tuple(harmless, anyText, harmless).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.oneof(anyText, harmless, almostHarmless), (text) => {
        const isHarmless = /^[A-Za-z0-9]/.test(text) && Array.from(text).every((one) => /[\w.+-]/.test(one));
        expect(parse(text)).toBe(isHarmless ? text : undefined);
      }),
    );
  });
});
