import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Problem, progress, root } from "./house.mjs";
import { parseJson } from "./json.mjs";
import { capture } from "./processes.mjs";
import { contentHash, exclusively, readStamp, writeStamp } from "./stamps.mjs";

/** The interpreter that runs the workers of this checkout, its examples, and the Python checks. */
export const venvPython = join(root, ".venv", "bin", "python");

/** What serving needs, and what testing needs on top of it. */
const RUNTIME = ["python/requirements.txt"];
const DEVELOPMENT = [...RUNTIME, "python/requirements-dev.txt"];

/** Our own interpreter is no request: commands that we start find it in HOSTLER_PYTHON. */
const asked = process.env["HOSTLER_PYTHON"] ?? "";
const requested = resolve(root, asked) === venvPython ? "" : asked;

/** Says that the environment is whole, and which Python was asked for. */
const MADE = ".venv/.made";

const INSTALL_HINT =
  "install it (Debian: apt-get install python3 python3-venv) or name another with HOSTLER_PYTHON";

const PROBE = `
import importlib.util as u, json, sys
print(json.dumps({"version": list(sys.version_info[:3]), "venv": all(u.find_spec(m) for m in ("venv", "ensurepip"))}))
`;

/**
 * Makes .venv hold what the requirement files name, if it does not yet; development includes the runtime's.
 *
 * @param {"runtime" | "development"} purpose
 */
export async function ensureVenv(purpose) {
  const files = purpose === "runtime" ? RUNTIME : DEVELOPMENT;
  const isReady = () => existsSync(venvPython) && readStamp(stampOf(files)) === stampValue(files);
  if (isReady()) return;
  await exclusively("venv", async () => {
    if (isReady()) return;
    await createIfMissing();
    await progress(`Python packages for ${purpose}`, () => install(files));
    writeStamp(stampOf(RUNTIME), stampValue(RUNTIME));
    writeStamp(stampOf(files), stampValue(files));
  });
}

/** @param {readonly string[]} files */
function stampOf(files) {
  return `.venv/.installed-${String(files.length)}`;
}

/** @param {readonly string[]} files */
function stampValue(files) {
  return `${contentHash(files)} ${requested}`;
}

async function createIfMissing() {
  if (existsSync(venvPython) && readStamp(MADE) === requested) return;
  const python = await findPython();
  await progress(`Python environment in .venv (${python})`, async () => {
    rmSync(join(root, ".venv"), { recursive: true, force: true });
    const { code, output } = await capture(python, ["-m", "venv", join(root, ".venv")]);
    if (code !== 0)
      throw new Problem(`${python} cannot make a virtual environment; it said:\n${output.trim()}`);
  });
  writeStamp(MADE, requested);
}

/** The first Python that will do; failing that, what is wrong with the first one found. */
async function findPython() {
  const newestFirst = ["3.14", "3.13", "3.12", "3.11", "3.10"].map((version) => `python${version}`);
  const candidates = requested === "" ? ["python3", ...newestFirst] : [requested];
  /** @type {string | undefined} */
  let complaint;
  for (const python of candidates) {
    const problem = await whatIsWrong(python);
    if (problem === undefined) return python;
    if (problem !== "missing") complaint ??= problem;
  }
  throw new Problem(complaint ?? `${candidates[0] ?? "Python"} does not run: ${INSTALL_HINT}.`);
}

/**
 * @param {string} python
 * @returns {Promise<string | undefined>} nothing if it will do, "missing" if there is none, else a sentence
 */
export async function whatIsWrong(python) {
  const { code, output } = await capture(python, ["-c", PROBE]);
  if (code !== 0) return "missing";
  const found = /** @type {{ version: [number, number, number], venv: boolean }} */ (
    parseJson(output.slice(output.lastIndexOf("{")))
  );
  const [major, minor] = found.version;
  const name = `${python} is Python ${found.version.join(".")}`;
  if (major !== 3 || minor < 10) return `${name}, hostler needs 3.10 or newer: ${INSTALL_HINT}.`;
  if (found.venv) return undefined;
  return `${name} but lacks the venv module: install it (Debian: apt-get install python3-venv) and run this again.`;
}

/**
 * Wheels only: nothing is compiled, and no package runs code of its own while it is installed.
 *
 * @param {readonly string[]} files
 */
async function install(files) {
  const requirements = files.flatMap((file) => ["-r", file]);
  const flags = ["--quiet", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"];
  const { code, output } = await capture(venvPython, ["-m", "pip", "install", ...flags, ...requirements]);
  if (code === 0) return;
  const unavailable = /No matching distribution found for (\S+)/.exec(output)?.[1];
  if (unavailable === undefined) throw new Problem(`pip failed; it said:\n${output.trim()}`);
  throw new Problem(
    `pip finds no ready-made ${unavailable}: check the network and \`pip config list\`, or name a more usual Python with HOSTLER_PYTHON.`,
  );
}
