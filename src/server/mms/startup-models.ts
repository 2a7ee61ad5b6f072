import { readdir } from "node:fs/promises";
import { registerModel, type Registrar } from "../../core/hosting/registration.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { defaultModelName } from "../../repositories/mar/default-name.ts";
import type { MmsSettings, StartupModel } from "../../repositories/mms/settings.ts";
import { mapLimited } from "../../repositories/shared/map-limited.ts";
import type { StartupReport } from "./host-request.ts";
import { requireStore } from "./host-plan.ts";

/** Models that are loaded at the same time. */
const parallelLoads = 4;

/** Loads what the settings name; one that fails is told, and the others are served. */
export async function loadStartupModels(
  { host, archives, defaults }: Registrar,
  settings: MmsSettings,
  logger: Logger,
): Promise<StartupReport> {
  const models = await namedModels(settings);
  const registrar = { host, archives, defaults: { ...defaults, workers: settings.workersPerModel } };
  const outcomes = await mapLimited(models, parallelLoads, async ({ name, url }) => {
    try {
      const registered = await registerModel(registrar, {
        url,
        name: name ?? undefined,
        fallbackName: defaultModelName(url),
        synchronous: true,
        loadedAtStartup: true,
      });
      logger.info("model loaded", { model: registered.name, url });
      return { kind: "loaded", name: registered.name } as const;
    } catch (caught) {
      const error = ServingError.from(caught);
      const { where, hint } = error.details;
      logger.error("model cannot be loaded", { url, reason: error.message, where, hint });
      return { kind: "failed", url, reason: error.message } as const;
    }
  });
  return {
    loaded: outcomes.flatMap((one) => (one.kind === "loaded" ? [one.name] : [])),
    failed: outcomes.flatMap((one) => (one.kind === "failed" ? [one] : [])),
  };
}

async function namedModels(settings: MmsSettings): Promise<readonly StartupModel[]> {
  const { startupModels } = settings;
  if (startupModels !== "all") return startupModels;
  const entries = await readdir(requireStore(settings), { withFileTypes: true });
  return entries
    .filter((entry) => !entry.name.startsWith("."))
    .filter((entry) => entry.isDirectory() || /\.(?:mar|model|tar\.gz|tgz|zip)$/.test(entry.name))
    .map(({ name }) => ({ name: null, url: name }))
    .sort((one, other) => one.url.localeCompare(other.url));
}
