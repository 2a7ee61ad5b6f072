import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Cleanup } from "./cleanup.ts";
import { temporaryFolder } from "./folders.ts";
import { sharedPath } from "./paths.ts";
import { runOrFail } from "./run.ts";
import { until } from "./until.ts";

/** A container engine of our own, which speaks Docker's API on a socket of its own. */
export interface TestEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** A small image with Debian and Python. */
  readonly baseImage: string;
  readonly stop: () => Promise<void>;
}

/** Where the script lies that installs and starts one; undefined where it is not. */
const script = sharedPath("tools", "container-engine.sh");
/** Installing packages and making an image out of them, the first time. */
const installTimeoutMs = 600_000;
const baseImage = "localhost/hostler-test-python:1";

/** Whether an engine can be had: the script is here, and this user may install what it needs. */
export function canHaveEngine(): boolean {
  return script !== undefined && process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

export async function startEngine(): Promise<TestEngine> {
  if (script === undefined) throw new Error("There is no script that could start a container engine.");
  const timeoutMs = installTimeoutMs;
  await runOrFail(["bash", script, "install"], { timeoutMs });
  await runOrFail(["bash", script, "base-image", baseImage], { timeoutMs });
  const cleanup = new Cleanup();
  const folder = await temporaryFolder();
  cleanup.add(folder.remove);
  const socket = join(folder.path, "engine.sock");
  const engine = spawn("bash", [script, "start", socket], { stdio: "ignore" });
  const ended = new Promise((resolve) => engine.once("exit", resolve));
  cleanup.add(async () => {
    engine.kill();
    await ended;
  });
  const before = await imageIds();
  cleanup.add(async () => {
    const made = (await imageIds()).filter((id) => !before.includes(id));
    // Without a layered file system each image is a whole copy of its base.
    if (made.length > 0) await runOrFail(["podman", "--storage-driver=vfs", "rmi", "--force", ...made]);
  });
  await until("the container engine's socket", () => (existsSync(socket) ? true : undefined), 30_000);
  return { host: `unix://${socket}`, baseImage, stop: () => cleanup.run() };
}

async function imageIds(): Promise<readonly string[]> {
  const listed = await runOrFail([
    "podman",
    "--storage-driver=vfs",
    "images",
    "--all",
    "--quiet",
    "--no-trunc",
  ]);
  return [...new Set(listed.split("\n").filter((id) => id !== ""))];
}
