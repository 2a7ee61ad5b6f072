import { createLogger } from "../../telemetry/logger.ts";
import { HostComposition } from "./host-composition.ts";
import { planHost } from "./host-plan.ts";
import type { HostRequest, RunningHost } from "./host-request.ts";

export type { HostProfile, HostRequest, RunningHost } from "./host-request.ts";

/** Reads the settings, listens, and begins to load. Rejects, with nothing left running, when it cannot listen. */
export async function startHost(request: HostRequest): Promise<RunningHost> {
  const plan = await planHost(request);
  const { own, notices } = plan;
  const logger = createLogger({ level: own.logLevel, format: formatOf(own.logFormat) });
  const composition = new HostComposition(plan, logger, request.version);
  composition.warm();
  try {
    const { inferenceUrl, managementUrl, metricsUrl } = await composition.listen();
    const loaded = composition.load();
    // Whoever does not look at it has the log; an unlooked-at rejection must not end the process.
    loaded.catch(() => undefined);
    return {
      profile: request.profile,
      inferenceUrl,
      managementUrl,
      metricsUrl,
      logger,
      notices,
      loaded,
      stop: (options) => composition.stop(options),
    };
  } catch (error) {
    await composition.stop({ force: true });
    throw error;
  }
}

function formatOf(format: "auto" | "json" | "pretty"): "json" | "pretty" {
  if (format !== "auto") return format;
  return process.stdout.isTTY ? "pretty" : "json";
}
