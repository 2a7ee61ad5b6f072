import { type ExitCode, exitCodes } from "../exit-codes.ts";

/** What asks a server to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Where signals come from: `process`, or an emitter in a test. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/** The first signal asks, the second insists. */
export interface StopSignals extends Disposable {
  readonly asked: Promise<StopSignal>;
  readonly insisted: Promise<StopSignal>;
}

export function watchSignals(source: SignalSource): StopSignals {
  const asked = Promise.withResolvers<StopSignal>();
  const insisted = Promise.withResolvers<StopSignal>();
  let count = 0;
  const receive = (signal: StopSignal): void => {
    count += 1;
    (count === 1 ? asked : insisted).resolve(signal);
  };
  const onInterrupt = (): void => {
    receive("SIGINT");
  };
  const onTerminate = (): void => {
    receive("SIGTERM");
  };
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  return {
    asked: asked.promise,
    insisted: insisted.promise,
    [Symbol.dispose]: () => {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
    },
  };
}

export function isSignal(value: unknown): value is StopSignal {
  return value === "SIGINT" || value === "SIGTERM";
}

export function exitCodeOfSignal(signal: StopSignal): ExitCode {
  return signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
}
