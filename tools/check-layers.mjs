/**
 * Checks the layer rules, and that they were checked at all: a cruiser that cannot read the sources
 * sees no modules, finds no violation, and would report success.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./lib/house.mjs";
import { parseJson } from "./lib/json.mjs";

/** Raise it as the code grows; it only has to notice that most of it went unseen. */
const FEWEST_MODULES = 200;

const cruiser = join(root, "node_modules", ".bin", "depcruise");
const args = ["src", "--config", ".dependency-cruiser.cjs", "--output-type", "json"];
const { stdout, stderr } = spawnSync(cruiser, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });

if (!stdout.startsWith("{")) fail(stderr);

const { modules, summary } = /** @type {import("dependency-cruiser").ICruiseResult} */ (parseJson(stdout));
for (const { rule, from, to, cycle } of summary.violations) {
  const path = cycle === undefined ? [to] : cycle.map((step) => step.name);
  console.error(`${rule.name}: ${[from, ...path].join(" → ")}`);
}
const seen = modules.filter((module) => module.source.startsWith("src/")).length;
if (seen < FEWEST_MODULES)
  fail(`Only ${String(seen)} modules of src were seen, not ${String(FEWEST_MODULES)} or more.`);
if (summary.violations.length > 0) fail(`${String(summary.violations.length)} layer violations.`);
console.log(`${String(seen)} modules, no violation.`);

/**
 * @param {string} reason
 * @returns {never}
 */
function fail(reason) {
  console.error(reason);
  process.exit(1);
}
