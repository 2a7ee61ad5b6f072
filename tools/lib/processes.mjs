import { spawn } from "node:child_process";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { root } from "./house.mjs";

/** @typedef {{ code: number, output: string }} Outcome `output` is stdout and stderr in the order they came */
/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv }} Where */

/** Exit code of a shell for a command that is not there. */
const NOT_FOUND = 127;

let interrupted = false;

/**
 * Runs a command to its end without showing anything.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Where} where
 * @returns {Promise<Outcome>}
 */
export async function capture(command, args, where = {}) {
  try {
    return await collect(command, args, where);
  } catch (error) {
    return { code: NOT_FOUND, output: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Where} where
 * @returns {Promise<Outcome>}
 */
function collect(command, args, where) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, ...where, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const append = (/** @type {string} */ text) => {
      output += text;
    };
    child.stdout.setEncoding("utf8").on("data", append);
    child.stderr.setEncoding("utf8").on("data", append);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code: exitCode(code, signal), output });
    });
    forwardTermination(child);
  });
}

/**
 * Runs a command that owns the terminal, and hands it each signal exactly once.
 *
 * A terminal sends Ctrl-C and a hang-up to the whole group, so the child has them already; a supervisor
 * without a terminal signals only the process that it knows, so they have to be passed on.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Where} where
 * @returns {Promise<number>} the exit code
 */
export function passThrough(command, args, where = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, ...where, stdio: "inherit" });
    const onTerminal = [0, 1, 2].some((fd) => isatty(fd));
    const onInterrupt = (/** @type {NodeJS.Signals} */ signal) => {
      interrupted = true;
      if (!onTerminal) child.kill(signal);
    };
    process.on("SIGINT", onInterrupt).on("SIGHUP", onInterrupt);
    forwardTermination(child);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", onInterrupt).off("SIGHUP", onInterrupt);
      resolve(exitCode(code, signal));
    });
  });
}

/** Whether somebody asked for the end while a command owned the terminal. */
export function wasInterrupted() {
  return interrupted;
}

/** @param {import("node:child_process").ChildProcess} child */
function forwardTermination(child) {
  const forward = () => {
    interrupted = true;
    child.kill("SIGTERM");
  };
  process.on("SIGTERM", forward);
  child.on("close", () => process.off("SIGTERM", forward));
}

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
function exitCode(code, signal) {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}
