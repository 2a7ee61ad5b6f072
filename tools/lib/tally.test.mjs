import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTally, readTally } from "./tally.mjs";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hostler-tally-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/**
 * @param {string} name
 * @param {string} text
 */
function written(name, text) {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("readTally", () => {
  test("reads what vitest-tally.mjs wrote", () => {
    const file = written("unit.json", '{"passed":3,"failed":1,"skipped":2}');
    expect(readTally(file)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  test("reads pytest's report, in which an error is a failure", () => {
    const suite = '<testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1">';
    const file = written("python.xml", `<?xml version="1.0"?><testsuites name="pytest tests">${suite}`);
    expect(readTally(file)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  test("has nothing to say of a runner that wrote no report", () => {
    expect(readTally(join(folder, "none.json"))).toBeUndefined();
  });
});

test("describeTally mentions skipped tests only where there are some", () => {
  expect(describeTally({ passed: 2, failed: 0, skipped: 0 })).toBe("2 passed, 0 failed");
  expect(describeTally({ passed: 2, failed: 0, skipped: 1 })).toBe("2 passed, 0 failed, 1 skipped");
});
