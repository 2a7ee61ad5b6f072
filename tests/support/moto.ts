import { spawn } from "node:child_process";
import { cleanEnvironment } from "./hostler.ts";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";

export interface RunningMoto {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A stand-in for S3. */
export async function startMoto(interpreter: string): Promise<RunningMoto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const args = ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)];
  const child = spawn(interpreter, args, { env: cleanEnvironment(), stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const answers = (): Promise<true | undefined> =>
    fetch(url).then(
      () => true as const,
      () => undefined,
    );
  try {
    await until("moto to answer", answers, 60_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
