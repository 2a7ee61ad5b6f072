import { Problem, progress, root } from "./house.mjs";
import { capture } from "./processes.mjs";
import { contentHash, exclusively, readStamp, writeStamp } from "./stamps.mjs";

/** Inside node_modules, so that whoever removes that folder removes the claim with it. */
const STAMP = "node_modules/.installed";

/** Installs exactly what package-lock.json names, if that is not what was installed last. */
export async function ensurePackages() {
  const wanted = contentHash(["package-lock.json"]);
  if (readStamp(STAMP) === wanted) return;
  await exclusively("node_modules", async () => {
    if (readStamp(STAMP) === wanted) return;
    await progress("npm packages", () => npm(["ci"], root));
    writeStamp(STAMP, wanted);
  });
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function npm(args, cwd) {
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await capture("npm", [...args, ...flags], { cwd });
  if (code === 0) return;
  throw new Problem(explain(code, output));
}

/**
 * @param {number} code
 * @param {string} output
 */
function explain(code, output) {
  if (code === 127) return "npm is not on PATH: install it (it comes with Node.js) and run this again.";
  const reason =
    /\b(?:E404|ENOTFOUND|ECONN\w+|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET\w*)\b/.exec(output);
  if (reason !== null) {
    return `npm cannot get its packages (${reason[0]}): check the network and \`npm config get registry\`, then run this again.`;
  }
  return `npm failed; it said:\n${output.trim().split("\n").slice(0, 20).join("\n")}`;
}
