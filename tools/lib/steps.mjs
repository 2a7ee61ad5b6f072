import { availableParallelism } from "node:os";
import { elapsed, say } from "./house.mjs";
import { capture, passThrough } from "./processes.mjs";
import { describeTally, readTally } from "./tally.mjs";

/** @typedef {import("./tally.mjs").Tally} Tally */
/** @typedef {{ name: string, command: readonly string[], cwd?: string, tally?: string }} Step */
/** @typedef {{ name: string, passed: boolean, time: string, tally: Tally | undefined }} Result */

/**
 * Runs steps that only read, as many at a time as there are cores; what a step says is shown if it fails.
 *
 * @param {readonly Step[]} steps
 * @returns {Promise<Result[]>}
 */
export async function runTogether(steps) {
  const waiting = [...steps];
  /** @type {Result[]} */
  const results = [];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const start = performance.now();
      const [command = "", ...args] = step.command;
      const { code, output } = await capture(command, args, whereOf(step));
      const result = { name: step.name, passed: code === 0, time: elapsed(start), tally: undefined };
      report(result);
      if (!result.passed) say(output.trimEnd());
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}

/**
 * Runs one step that says much, in the open and alone.
 *
 * @param {Step} step
 * @returns {Promise<Result>}
 */
export async function runAlone(step) {
  say(`· ${step.name} …`);
  const start = performance.now();
  const [command = "", ...args] = step.command;
  const code = await passThrough(command, args, whereOf(step));
  const tally = step.tally === undefined ? undefined : readTally(step.tally);
  const result = { name: step.name, passed: code === 0, time: elapsed(start), tally };
  report(result);
  return result;
}

/** @param {Step} step */
function whereOf(step) {
  const env = { ...process.env, ...(step.tally === undefined ? {} : { HOSTLER_TALLY: step.tally }) };
  return step.cwd === undefined ? { env } : { env, cwd: step.cwd };
}

/** @param {Result} result */
function report({ name, passed, time, tally }) {
  const counts = tally === undefined ? "" : `: ${describeTally(tally)}`;
  say(`${passed ? "✓" : "✗"} ${name}${counts} (${time})`);
}
