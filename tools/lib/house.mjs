import { fileURLToPath } from "node:url";

/** The folder that holds package.json; every path in these scripts starts from it. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A mistake of the machine or of its user, told in one sentence that says what to do; never shown with a stack. */
export class Problem extends Error {}

/**
 * Does independent work side by side and waits for all of it, so that nothing is left half done when one part fails.
 *
 * @param {readonly Promise<unknown>[]} work
 */
export async function together(...work) {
  const failure = (await Promise.allSettled(work)).find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {number} since as `performance.now()` gave it */
export function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Says what is being done, does it, and says how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function progress(what, work) {
  const start = performance.now();
  say(`· ${what} …`);
  const result = await work();
  say(`✓ ${what} (${elapsed(start)})`);
  return result;
}
