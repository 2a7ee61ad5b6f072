/**
 * Checks what no linter checks for all languages at once: the length of files, the length of Python functions,
 * and that nothing switches a check off in passing.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/house.mjs";
import { venvPython } from "./lib/venv.mjs";

const MOST_LINES = 400;

/** Each is written so that it does not match itself. */
const suppressions = [
  /eslint-(?:disable|enable)/,
  /biome-(?:ignore)/,
  /@ts-(?:ignore|expect-error|nocheck)/,
  /\bas (?:unknown|any) as\b/,
  /# (?:type: ?ignore|noqa|ruff: ?noqa|mypy:|fmt: ?(?:off|skip))/,
  /\b(?:v8|c8|istanbul) (?:ignore)/,
  /\b(?:it|test|describe|suite)\.(?:only|todo|fails)\b/,
];

/** Allowed in acceptance tests alone, where tests/skips.json must give the reason: see vitest-tally.mjs. */
const skips = [
  /\b(?:it|test|describe|suite)\.(?:skip|skipIf|runIf)\b/,
  /@?(?:pytest)\.(?:mark\.(?:skip|skipif|xfail)|skip|xfail|importorskip)\b/,
];

/** What is installed, built or fetched rather than written. */
const foreign = new Set([
  "node_modules",
  "dist",
  "coverage",
  "__pycache__",
  ".git",
  ".toolchain",
  ".venv",
  ".work",
]);

const sources = filesUnder("").filter((file) =>
  /\.(?:[cm]?[jt]s|tsx|py|sh)$|^(?:bin|shims|\.ci)\/[^.]+$/.test(file),
);
const complaints = [...sources.flatMap(complaintsAbout), ...longPythonFunctions()];
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);
console.log(`${String(sources.length)} files within the limits.`);

/**
 * Without asking git, which a machine that only builds may lack.
 *
 * @param {string} folder relative to the root
 * @returns {string[]}
 */
function filesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !foreign.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(path);
      return entry.isFile() ? [path] : [];
    });
}

/**
 * @param {string} file
 * @returns {string[]}
 */
function complaintsAbout(file) {
  const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n");
  const forbidden = file.startsWith("tests/acceptance/") ? suppressions : [...suppressions, ...skips];
  const found = lines.flatMap((line, index) =>
    forbidden.some((pattern) => pattern.test(line))
      ? [`${file}:${String(index + 1)}: switches a check off: ${line.trim()}`]
      : [],
  );
  if (lines.length > MOST_LINES)
    found.push(`${file}: ${String(lines.length)} lines, at most ${String(MOST_LINES)}`);
  return found;
}

/** Python reads Python best. */
function longPythonFunctions() {
  const files = sources.filter((file) => file.endsWith(".py"));
  const args = [join(root, "tools", "long_functions.py"), ...files];
  const { status, stdout, stderr } = spawnSync(venvPython, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.split("\n").filter((line) => line !== "");
}
