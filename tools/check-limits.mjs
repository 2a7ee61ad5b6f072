/**
 * Checks what no linter checks for all languages at once: the length of files, the length of Python functions,
 * and that nothing switches a check off in passing.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/house.mjs";
import { complaintsAbout } from "./lib/limits.mjs";
import { venvPython } from "./lib/venv.mjs";

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

/** Programs, with an ending or without. */
const program = /\.(?:[cm]?[jt]s|tsx|py|sh)$|^(?:bin|shims|\.ci)\/[^.]+$/;

const sources = filesUnder("").filter((file) => program.test(file));
const complaints = [
  ...sources.flatMap((file) => complaintsAbout(file, readFileSync(join(root, file), "utf8"))),
  ...longPythonFunctions(),
];
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

/** Python reads Python best. */
function longPythonFunctions() {
  const files = sources.filter((file) => file.endsWith(".py"));
  const args = [join(root, "tools", "long_functions.py"), ...files];
  const { status, stdout, stderr } = spawnSync(venvPython, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.split("\n").filter((line) => line !== "");
}
