import { readFileSync } from "node:fs";
import { parseJson } from "./json.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * Reads what a test runner counted: our own JSON from vitest, JUnit's XML from pytest.
 *
 * @param {string} file
 * @returns {Tally | undefined} nothing if the runner did not get as far as counting
 */
export function readTally(file) {
  try {
    const text = readFileSync(file, "utf8");
    return file.endsWith(".xml") ? fromJunit(text) : fromJson(text);
  } catch {
    return undefined;
  }
}

/** @param {Tally} tally */
export function describeTally({ passed, failed, skipped }) {
  const counts = `${String(passed)} passed, ${String(failed)} failed`;
  return skipped === 0 ? counts : `${counts}, ${String(skipped)} skipped`;
}

/**
 * @param {string} text
 * @returns {Tally}
 */
function fromJson(text) {
  return /** @type {Tally} */ (parseJson(text));
}

/**
 * @param {string} xml
 * @returns {Tally}
 */
function fromJunit(xml) {
  const suite = /<testsuite [^>]*>/.exec(xml)?.[0] ?? "";
  const count = (/** @type {string} */ name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return { passed: count("tests") - failed - skipped, failed, skipped };
}
