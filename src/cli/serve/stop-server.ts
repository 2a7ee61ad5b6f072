import { killing, stopped, stopping } from "../banner.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import { exitCodeOfSignal, type StopSignals } from "./signals.ts";

interface Stoppable {
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

/** Stops gracefully; a second signal cuts that short. */
export async function stopServer(
  server: Stoppable,
  signals: StopSignals,
  { terminal: { err } }: Context,
): Promise<ExitCode> {
  err.write(stopping);
  const end = async (): Promise<null> => {
    await server.stop();
    return null;
  };
  const signal = await Promise.race([end(), signals.insisted]);
  if (signal === null) {
    err.write(stopped);
    return exitCodes.ok;
  }
  err.write(killing);
  await server.stop({ force: true });
  return exitCodeOfSignal(signal);
}
