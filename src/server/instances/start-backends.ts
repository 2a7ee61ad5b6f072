import type { Clock } from "../../core/ports/clock.ts";
import { scoringBackend, serverVersion } from "../../protocols/azmlinfsrv/index.ts";
import type { ScoringInstance, ScoringLaunch, ScriptLog } from "../../runtimes/python/scoring.ts";
import { HttpBackend } from "../../runtimes/upstream/http-backend.ts";
import type { ConnectBackend } from "./http-instance.ts";
import type { StartScoring } from "./scoring-deployment.ts";

export interface ScoringOptions {
  /** Runs the scripts. */
  readonly python: {
    startScoring(launch: ScoringLaunch, log: ScriptLog): Promise<ScoringInstance>;
  };
  readonly clock: Clock;
  readonly maxBodyBytes: number;
}

/** Any HTTP server on a port. */
export const connectBackend: ConnectBackend = (address) => {
  const backend = new HttpBackend(address);
  return { backend, stop: () => backend.stop() };
};

/** Scoring scripts in workers, each behind the scoring server's contract. */
export function startScoringWith({ python, clock, maxBodyBytes }: ScoringOptions): StartScoring {
  return async (start, onLine) => {
    const instance = await python.startScoring(start, onLine);
    const showsVersion = start.variables["SERVER_VERSION_LOG_RESPONSE_ENABLED"] ?? "true";
    const backend = scoringBackend(instance, {
      clock,
      serverVersion: showsVersion.toLowerCase() === "true" ? serverVersion : null,
      maxBodyBytes,
      access: (line) => {
        onLine("stdout", line);
      },
      warn: (message) => {
        onLine("hostler", message);
      },
    });
    return {
      backend,
      // They change: one that ends is replaced.
      get processes() {
        return instance.processes;
      },
      ended: instance.ended,
      stop: (graceMs) => instance.stop(graceMs),
    };
  };
}
