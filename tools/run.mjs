/**
 * Does one task of this repository, after whatever set-up it lacks: `node tools/run.mjs <task> [arguments]`.
 * Runs on the oldest Node.js that a fresh machine may have; what needs a newer one is started as its own process.
 */
import { join } from "node:path";
import { ensureBundle } from "./lib/bundle.mjs";
import { checkAll, python, ruffScope, staticSteps, testSteps } from "./lib/checks.mjs";
import { ensureDebian } from "./lib/debian.mjs";
import { ensureExampleModels, exampleFolder } from "./lib/example-models.mjs";
import { Problem, root, say, together } from "./lib/house.mjs";
import { ensureNode } from "./lib/node-toolchain.mjs";
import { ensurePackages } from "./lib/npm-install.mjs";
import { passThrough } from "./lib/processes.mjs";
import { ensureVenv, venvPython } from "./lib/venv.mjs";

/** @typedef {(args: readonly string[]) => Promise<number>} Task */

/** @type {Task} */
async function start(args) {
  await together(ensurePackages().then(ensureBundle), ensureVenv("runtime").then(ensureExampleModels));
  return passThrough(join(root, "bin", "hostler"), ["serve", exampleFolder, ...args]);
}

/** @type {Task} */
async function test(args) {
  await together(ensurePackages(), ensureVenv("development").then(ensureExampleModels));
  return checkAll(args.includes("--keep-going") || Boolean(process.env["CI"]));
}

/** @type {Task} */
async function build() {
  await ensurePackages();
  await ensureBundle();
  return 0;
}

/** @type {Task} */
async function bench(args) {
  await ensureDebian("wrk");
  await together(build([]), ensureVenv("development").then(ensureExampleModels));
  return passThrough(venvPython, [join(root, "bench", "bench.py"), ...args]);
}

/** @type {Task} */
async function conformance(args) {
  await together(build([]), ensureVenv("development"));
  const vitest = join(root, "node_modules", ".bin", "vitest");
  return passThrough(vitest, ["run", "--project", "conformance", ...args], { cwd: root });
}

/** @type {Task} */
async function format() {
  await together(ensurePackages(), ensureVenv("development"));
  const codes = [
    await passThrough(join(root, "node_modules", ".bin", "biome"), ["format", "--write", "."]),
    await passThrough(venvPython, ["-m", "ruff", "format", ...ruffScope], { cwd: python }),
  ];
  return Math.max(...codes);
}

/** @type {Task} */
async function setup() {
  await together(ensurePackages(), ensureVenv("development"));
  return 0;
}

/** The steps that start the built server, and serve the example with it. */
const needServer = new Set(["integration", "acceptance"]);

/**
 * One step of the checks alone, with further arguments of its own.
 *
 * @param {string} name
 * @returns {Task | undefined}
 */
function single(name) {
  const step = [...staticSteps, ...testSteps("")].find((candidate) => candidate.name === name);
  if (step === undefined) return undefined;
  return async (args) => {
    await setup([]);
    if (needServer.has(name)) await together(ensureBundle(), ensureExampleModels());
    const [command = "", ...fixed] = step.command.filter((argument) => !argument.startsWith("--junitxml"));
    return passThrough(command, [...fixed, ...args], { cwd: step.cwd ?? root });
  };
}

/** @type {Readonly<Record<string, Task>>} */
const tasks = { start, test, check: test, build, bench, conformance, format, setup };

/** @type {Task} */
async function main([name = "", ...args]) {
  const task = tasks[name] ?? single(name);
  if (task === undefined) {
    const steps = [...staticSteps, ...testSteps("")].map((step) => step.name);
    throw new Problem(`Name a task: ${Object.keys(tasks).join(", ")}; or one step: ${steps.join(", ")}.`);
  }
  if (process.platform === "win32") throw new Problem("Windows is not supported: use WSL 2 or a container.");
  await ensureNode();
  // Whatever is started from here runs its workers with the interpreter that has the packages.
  process.env["HOSTLER_PYTHON"] = venvPython;
  return task(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exitCode = 1;
}
