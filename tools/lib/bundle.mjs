import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { Problem, progress, root } from "./house.mjs";
import { exclusively, readStamp, writeStamp } from "./stamps.mjs";

const ENTRY = "src/cli/main.ts";
const STAMP = "dist/.built";

/** What decides the bundle's contents. */
const INPUTS = ["src", "tools/lib/bundle.mjs", "package.json", "node_modules/.installed"];

/** CommonJS dependencies call `require` for Node's own modules; a bundle of ES modules has to bring one. */
const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/**
 * Node's own modules as plain objects. An `import` of one runs every getter that it has, which for the process and file
 * system modules costs more than the whole of `hostler --help`; commander would even load what it starts programs with.
 * Each importer has an object of its own: a shared one would be a chunk of its own, and every chunk costs its start.
 *
 * @type {import("esbuild").Plugin}
 */
const lightBuiltins = {
  name: "light-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, importer, kind }) => {
      if (!builtins.has(path)) return undefined;
      const name = path.replace(/^node:/, "");
      const isUnused = name === "child_process" && importer.includes("/node_modules/commander/");
      const unique = [isUnused ? "nothing" : name, kind, relative(root, importer)];
      return { path: unique.join("?"), namespace: "builtin" };
    });
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
      const [name = "", kind] = path.split("?");
      const module = `process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`;
      const isImported = kind === "import-statement";
      return { contents: `module.exports = ${contents(name, module, isImported)};`, loader: "js" };
    });
  },
};

/**
 * What is imported gets a getter for each of the module's own properties. Looking at those of `util` is enough to load
 * half of Node's own code, so that they are left to an object behind it.
 *
 * @param {string} name
 * @param {string} module
 * @param {boolean} isImported
 */
function contents(name, module, isImported) {
  if (name === "nothing") return "{}";
  return name === "util" && isImported ? `Object.create(${module})` : module;
}

/** Bundles the command line into dist/, the server as a chunk that only commands that serve load. */
export async function ensureBundle() {
  const wanted = fingerprint();
  if (readStamp(STAMP) === wanted) return;
  if (!existsSync(join(root, ENTRY))) throw new Problem(`${ENTRY} is missing: there is nothing to build.`);
  await exclusively("dist", () => progress("bundle into dist", bundle));
  writeStamp(STAMP, wanted);
}

async function bundle() {
  const { build } = await import("esbuild");
  rmSync(join(root, "dist"), { recursive: true, force: true });
  try {
    await build({
      absWorkingDir: root,
      entryPoints: { cli: ENTRY },
      outdir: "dist",
      outExtension: { ".js": ".mjs" },
      chunkNames: "chunks/[name]-[hash]",
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node22.13",
      plugins: [lightBuiltins],
      banner: { js: REQUIRE },
      logLevel: "silent",
    });
  } catch (error) {
    throw new Problem(error instanceof Error ? error.message : String(error));
  }
}

/** Times and sizes are enough to notice an edit, and cost no reading. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const input of INPUTS) {
    for (const file of filesUnder(join(root, input))) {
      const { mtimeMs, size } = statSync(file);
      hash.update(`${file} ${String(mtimeMs)} ${String(size)}\0`);
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
