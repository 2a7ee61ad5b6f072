import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBundle } from "./bundle.mjs";
import { root, say } from "./house.mjs";
import { wasInterrupted } from "./processes.mjs";
import { runAlone, runTogether } from "./steps.mjs";
import { describeTally } from "./tally.mjs";
import { venvPython } from "./venv.mjs";

/** @typedef {import("./steps.mjs").Step} Step */
/** @typedef {import("./steps.mjs").Result} Result */

const require = createRequire(import.meta.url);

export const python = join(root, "python");

/** One style for Python wherever it lies: ruff would look for settings beside each file. */
export const ruffScope = [
  "--quiet",
  "--config",
  "pyproject.toml",
  ".",
  "../bench",
  "../examples",
  "../tests",
  "../tools",
];

/** @param {string} name */
const bin = (name) => join(root, "node_modules", ".bin", name);

/**
 * The checks that read the sources and change nothing.
 *
 * @type {readonly Step[]}
 */
export const staticSteps = [
  { name: "lint", command: [bin("eslint"), ".", "--max-warnings", "0"] },
  { name: "types", command: [bin("tsc"), "--build"] },
  { name: "layers", command: ["node", "tools/check-layers.mjs"] },
  { name: "dead-code", command: [bin("knip"), "--treat-config-hints-as-errors"] },
  { name: "python-types", command: [venvPython, "-m", "mypy"], cwd: python },
  { name: "bench-types", command: [venvPython, "-m", "mypy"], cwd: join(root, "bench") },
  {
    name: "python-lint",
    command: [venvPython, "-m", "ruff", "check", ...ruffScope],
    cwd: python,
  },
  {
    name: "python-format",
    command: [venvPython, "-m", "ruff", "format", "--check", ...ruffScope],
    cwd: python,
  },
  {
    name: "format-check",
    // A getter, because there is nothing to resolve before the packages are installed.
    get command() {
      return ["node", require.resolve("@biomejs/biome/bin/biome"), "format", "."];
    },
  },
  { name: "limits", command: ["node", "tools/check-limits.mjs"] },
];

/**
 * The checks that run the code, cheapest first.
 *
 * @param {string} tallies a folder for what the runners count
 * @returns {readonly Step[]}
 */
export function testSteps(tallies) {
  const vitest = (/** @type {string} */ project) => ({
    name: project,
    command: [bin("vitest"), "run", "--project", project],
    tally: join(tallies, `${project}.json`),
  });
  const junit = join(tallies, "python.xml");
  return [
    vitest("unit"),
    {
      name: "python-tests",
      command: [venvPython, "-m", "pytest", `--junitxml=${junit}`],
      cwd: python,
      tally: junit,
    },
    vitest("integration"),
    vitest("acceptance"),
  ];
}

/**
 * Everything that CI does. At a desk the first failure ends it; in CI one run shows all of them.
 *
 * @param {boolean} keepGoing
 * @returns {Promise<number>} the exit code
 */
export async function checkAll(keepGoing) {
  const tallies = mkdtempSync(join(tmpdir(), "hostler-check-"));
  try {
    const results = await runTogether(staticSteps);
    const canGoOn = () => !wasInterrupted() && (keepGoing || results.every((result) => result.passed));
    if (canGoOn()) await ensureBundle();
    for (const step of testSteps(tallies)) {
      if (canGoOn()) results.push(await runAlone(step));
    }
    return summarize(results);
  } finally {
    rmSync(tallies, { recursive: true, force: true });
  }
}

/**
 * The last line has the totals of all runners; a step that failed without counting is one failure of its own.
 *
 * @param {readonly Result[]} results
 */
function summarize(results) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, tally } of results) {
    total.passed += tally?.passed ?? 0;
    total.failed += Math.max(tally?.failed ?? 0, passed ? 0 : 1);
    total.skipped += tally?.skipped ?? 0;
  }
  const failures = results.filter((result) => !result.passed).map((result) => result.name);
  const planned = staticSteps.length + testSteps("").length;
  say("");
  if (failures.length > 0) say(`failed: ${failures.join(", ")}`);
  if (results.length < planned)
    say(`not run: ${String(planned - results.length)} of ${String(planned)} steps`);
  say(`skipped: ${String(total.skipped)} (tests/skips.json has the reasons)`);
  process.stdout.write(`${describeTally({ ...total, skipped: 0 })}\n`);
  return failures.length === 0 ? 0 : 1;
}
