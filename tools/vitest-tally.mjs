import { readFileSync, writeFileSync } from "node:fs";
import { parseJson } from "./lib/json.mjs";

/** Test name → why it may be skipped; relative to the root, which is where vitest runs. */
const SKIPS = "tests/skips.json";

/** @typedef {import("vitest/node").TestModule} TestModule */
/** @typedef {import("vitest/node").TestCase} TestCase */

/**
 * Counts what a run did, and fails it for a test that was skipped without a reason in tests/skips.json,
 * or that has a reason there and was not skipped.
 */
export default class VitestTally {
  /** Whether the caller chose tests by name; all others count as skipped then, which says nothing. */
  #isPartial = false;

  /** @param {import("vitest/node").Vitest} vitest */
  onInit(vitest) {
    this.#isPartial = vitest.config.testNamePattern !== undefined;
  }

  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (/** @type {string} */ state) =>
      tests.filter((test) => test.result().state === state).length;
    const complaints = this.#isPartial ? [] : complaintsAbout(tests);
    for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
    if (complaints.length > 0) process.exitCode = 1;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const tally = {
      passed: count("passed"),
      failed: count("failed") + broken + unhandledErrors.length + complaints.length,
      skipped: count("skipped"),
    };
    const file = process.env["HOSTLER_TALLY"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(tally));
  }
}

/**
 * @param {readonly TestCase[]} tests
 * @returns {string[]}
 */
function complaintsAbout(tests) {
  const reasons = /** @type {Readonly<Record<string, string>>} */ (parseJson(readFileSync(SKIPS, "utf8")));
  return tests.flatMap((test) => {
    const name = `${test.module.relativeModuleId} > ${test.fullName}`;
    const isSkipped = test.result().state === "skipped";
    if (isSkipped && !reasons[name]?.trim()) return [`Skipped without a reason in ${SKIPS}: ${name}`];
    if (!isSkipped && name in reasons) return [`Not skipped, though ${SKIPS} says so: ${name}`];
    return [];
  });
}
