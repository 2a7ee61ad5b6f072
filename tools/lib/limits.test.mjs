import { describe, expect, test } from "vitest";
import { complaintsAbout } from "./limits.mjs";

describe("complaintsAbout", () => {
  test.each([
    ["a.ts", ["/* eslint", "disable no-eval */"].join("-")],
    ["a.ts", ["// @ts", "expect-error"].join("-")],
    ["a.ts", ["value as", "unknown as Tensor"].join(" ")],
    ["a.py", ["import x  #", "noqa: F401"].join(" ")],
    ["a.py", ["x = 1  # type:", "ignore"].join(" ")],
    ["src/a.test.ts", ["it", "only('x')"].join(".")],
    ["src/a.test.ts", ["it", "skip('x')"].join(".")],
    ["python/tests/test_a.py", ["@pytest", "mark.skip"].join(".")],
  ])("names the line of %s that switches a check off", (file, line) => {
    expect(complaintsAbout(file, `first\n${line}\n`)).toEqual([`${file}:2: switches a check off: ${line}`]);
  });

  test("leaves a skipped acceptance test to the runner, which knows the reasons", () => {
    expect(complaintsAbout("tests/acceptance/a.test.ts", ["it", "skip('x')"].join("."))).toEqual([]);
  });

  test("allows 400 lines and no more", () => {
    expect(complaintsAbout("a.ts", "x\n".repeat(400))).toEqual([]);
    expect(complaintsAbout("a.ts", "x\n".repeat(401))).toEqual(["a.ts: 401 lines, at most 400"]);
  });
});
