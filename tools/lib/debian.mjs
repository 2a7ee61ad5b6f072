import { Problem, progress } from "./house.mjs";
import { capture } from "./processes.mjs";

/**
 * Makes a system command available where that is ours to do: root on a Debian-like machine.
 *
 * @param {string} command
 * @param {string} debianPackage
 */
export async function ensureDebian(command, debianPackage = command) {
  if (await isOnPath(command)) return;
  const hint = `${command} is missing: install it (Debian: apt-get install ${debianPackage}) and run this again.`;
  if (process.getuid?.() !== 0 || !(await isOnPath("apt-get"))) throw new Problem(hint);
  await progress(`Debian package ${debianPackage}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await capture("apt-get", ["update", "-q"], { env });
    const { code } = await capture("apt-get", ["install", "-qy", "--no-install-recommends", debianPackage], {
      env,
    });
    if (code !== 0) throw new Problem(hint);
  });
}

/** @param {string} command */
async function isOnPath(command) {
  return (await capture("sh", ["-c", 'command -v "$1"', "sh", command])).code === 0;
}
