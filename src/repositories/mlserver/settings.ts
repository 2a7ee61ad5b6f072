import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import {
  type ServerSettings,
  type SettingName,
  type SettingOrigins,
  serverSettingsSchema,
  settingNames,
  settingOriginsSchema,
} from "../../contracts/settings.ts";
import { settingsSources } from "../../contracts/settings-sources.ts";
import { Complaint } from "../shared/complaint.ts";
import { readKeyFile, readKeyVariable } from "./api-keys.ts";
import { readCors } from "./cors.ts";
import { decodeSetting, decodeTexts } from "./decode-setting.ts";
import { booleanField, integerField, objectField } from "./decoders.ts";
import type { Environment } from "./environment.ts";
import { rawOf } from "./field-reader.ts";
import { type FlagValues, type FoundSetting, SettingLayers } from "./setting-layers.ts";
import { readSettingsFile, type SettingsFile } from "./settings-file.ts";
import { settingsNotices } from "./settings-notices.ts";
import { realFolders } from "./trusted-folders.ts";

export interface SettingsRequest {
  /** The folder that is served; its `settings.json` is read. Null: what is served has settings of another kind. */
  readonly folder: string | null;
  readonly flags: FlagValues;
  readonly environment: Environment;
  /** Hostler's own version. */
  readonly version: string;
}

export interface ResolvedSettings {
  readonly settings: ServerSettings;
  readonly origins: SettingOrigins;
  /** What the operator should know once, at start. */
  readonly notices: readonly string[];
}

/** Every setting of the server. A wrong one is an INVALID_SETTINGS that says where it stands and what is expected. */
export async function readServerSettings(request: SettingsRequest): Promise<ResolvedSettings> {
  try {
    return await resolveSettings(request);
  } catch (error) {
    throw error instanceof Complaint ? error.toServingError() : error;
  }
}

/** A value on its way: the schema types it when all are there. */
interface Resolved {
  readonly value: unknown;
  readonly origin: string;
}

interface Context {
  readonly request: SettingsRequest;
  readonly layers: SettingLayers;
  readonly file: SettingsFile | null;
}

const defaultOrigin = "default";

async function resolveSettings(request: SettingsRequest): Promise<ResolvedSettings> {
  const { environment, flags, folder } = request;
  const file =
    folder === null ? null : await readSettingsFile(resolve(environment.cwd, folder), environment.cwd);
  const layers = new SettingLayers(flags, environment, file);
  const resolved = new Map<SettingName, Resolved>();
  for (const name of settingNames) resolved.set(name, await resolveSetting(name, { request, layers, file }));
  applyMlserverSwitches(resolved, layers);
  return {
    settings: serverSettingsSchema.parse(pick(resolved, ({ value }) => value)),
    origins: settingOriginsSchema.parse(pick(resolved, ({ origin }) => origin)),
    notices: settingsNotices(file, layers, environment),
  };
}

async function resolveSetting(name: SettingName, context: Context): Promise<Resolved> {
  const found = context.layers.find(name);
  if (found === undefined) return { value: fallbackOf(name, context.request), origin: defaultOrigin };
  return { value: await valueOf(name, found, context), origin: found.where };
}

async function valueOf(name: SettingName, found: FoundSetting, { request, file }: Context): Promise<unknown> {
  const { environment } = request;
  if (name === "apiKeySha256") {
    const text = textOf(found);
    return found.layer === "flag" ? readKeyFile(text, environment.cwd) : readKeyVariable(text, found.name);
  }
  if (name === "cors") return corsOf(found, file, environment);
  if (name === "trustedFolders") return realFolders(decodeTexts(name, found), environment.cwd, found);
  return name === "workers" && isNoWorkers(found) ? 1 : decodeSetting(name, found);
}

/** What a flag or a variable says. */
function textOf({ raw }: FoundSetting): string {
  return typeof raw === "string" ? raw : "";
}

/** MLServer's `parallel_workers: 0` runs models in its own process, which cannot be done here: the nearest is one worker. */
function isNoWorkers({ layer, raw }: FoundSetting): boolean {
  return (layer === "file" || layer === "mlserver-variable") && (integerField.decode(raw) ?? 1) <= 0;
}

function corsOf(found: FoundSetting, file: SettingsFile | null, environment: Environment): unknown {
  const isFromFile = found.layer === "file";
  const raw = isFromFile
    ? found.raw
    : rawOf({ value: textOf(found), origin: found.where }, objectField, found.name);
  if (raw === null) return null;
  const object = objectField.decode(raw);
  const { expects = "an object" } = settingsSources.cors;
  if (object === undefined)
    throw Complaint.misfit({ where: found.where, field: found.name, expected: expects, got: raw });
  const whereValue = (key: string): string =>
    isFromFile ? (file?.document.whereValue(["cors_settings", key]) ?? found.where) : found.where;
  return readCors(object, environment, whereValue);
}

function fallbackOf(name: SettingName, request: SettingsRequest): unknown {
  const { fallback } = settingsSources[name];
  if ("value" in fallback) return fallback.value;
  return name === "serverVersion" ? request.version : Math.max(1, availableParallelism() - 1);
}

/** What MLServer's switches mean here: `debug` and `use_structured_logging` stand for settings of their own. */
function applyMlserverSwitches(resolved: Map<SettingName, Resolved>, layers: SettingLayers): void {
  const imply = (name: SettingName, implied: Resolved): void => {
    if (resolved.get(name)?.origin === defaultOrigin) resolved.set(name, implied);
  };
  const debug = resolved.get("debug");
  if (debug?.value === true) imply("logLevel", { value: "debug", origin: debug.origin });
  const structured = layers.findField("use_structured_logging");
  if (structured === undefined) return;
  const isStructured = booleanField.decode(structured.raw);
  const field = "use_structured_logging";
  const misfit = { where: structured.where, field, expected: booleanField.expected, got: structured.raw };
  if (isStructured === undefined) throw Complaint.misfit(misfit);
  if (isStructured) imply("logFormat", { value: "json", origin: structured.where });
}

function pick<Part>(
  resolved: ReadonlyMap<SettingName, Resolved>,
  part: (one: Resolved) => Part,
): Record<string, Part> {
  return Object.fromEntries([...resolved].map(([name, one]) => [name, part(one)]));
}
