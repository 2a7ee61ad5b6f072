import { setTimeout as passing } from "node:timers/promises";
import type { PidFile } from "./pid-file.ts";

/** Longer than the server gives calls that are under way. */
const patienceMs = 150_000;
const lookEveryMs = 50;

/** Asks the server that the file tells of to end, and waits until it has; resolves with what to say. */
export async function stopDetached(pidFile: PidFile): Promise<string> {
  const known = pidFile.read();
  if (known === null) return "Model server is not currently running.";
  if (!known.isAlive) {
    pidFile.remove();
    return "Model server already stopped.";
  }
  process.kill(known.pid, "SIGTERM");
  for (let waitedMs = 0; pidFile.read()?.isAlive === true; waitedMs += lookEveryMs) {
    if (waitedMs > patienceMs) {
      process.kill(known.pid, "SIGKILL");
      break;
    }
    await passing(lookEveryMs);
  }
  pidFile.remove();
  return "Model server stopped.";
}
