import { settingNames } from "../../contracts/settings.ts";
import { settingsSources } from "../../contracts/settings-sources.ts";
import { quote } from "../shared/complaint.ts";
import { isJsonObject } from "../shared/parse-json.ts";
import { nearest } from "../shared/nearest.ts";
import { corsFields } from "./cors.ts";
import { integerField } from "./decoders.ts";
import type { Environment } from "./environment.ts";
import { isAnnotation, modelFields, parameterFields } from "./model-fields.ts";
import type { SettingLayers } from "./setting-layers.ts";
import type { SettingsFile } from "./settings-file.ts";
import { unsupportedServerFields, type UnsupportedUse, unsupportedUses } from "./unsupported-fields.ts";

/** What was set without effect: each sort of it in one line. */
export function settingsNotices(
  file: SettingsFile | null,
  layers: SettingLayers,
  environment: Environment,
): readonly string[] {
  const unsupported = [
    ...unsupportedUses(unsupportedServerFields, (field) => layers.findField(field)?.raw),
    ...workersInProcess(layers),
  ];
  const uses = unsupported.map(({ field, value, why }) => {
    const where = layers.findField(field)?.where ?? "";
    return `${field} ${quote(value)} (${where}; ${why})`;
  });
  return [
    ...line("Not supported, and so without effect", uses),
    ...line("Not known, and so without effect", unknownKeys(file)),
    ...line("Variables that are not known", misspeltVariables(environment)),
    ...line("Read from the environment only, not from .env", environment.ignored),
  ];
}

function line(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${title}: ${items.join(", ")}.`];
}

function workersInProcess(layers: SettingLayers): readonly UnsupportedUse[] {
  const field = "parallel_workers";
  const found = layers.find("workers");
  if (found === undefined || (integerField.decode(found.raw) ?? 1) > 0) return [];
  return [{ field, value: found.raw, why: "models always run in worker processes: one is used" }];
}

const serverFields: readonly string[] = [
  ...settingNames.flatMap((name) => settingsSources[name].fileKey ?? []),
  ...Object.keys(unsupportedServerFields),
  "use_structured_logging",
];

/** Keys of the file that mean nothing. MLServer ignores them too, but without a word. */
function unknownKeys(file: SettingsFile | null): readonly string[] {
  if (file === null) return [];
  const cors = file.object["cors_settings"];
  const nested = isJsonObject(cors) ? Object.keys(cors).map((key) => ["cors_settings", key]) : [];
  const paths = [...Object.keys(file.object).map((key) => [key]), ...nested];
  return paths.flatMap((path) => {
    const key = path.at(-1) ?? "";
    const known: readonly string[] = path.length === 1 ? serverFields : corsFields;
    if (known.includes(key) || isAnnotation(key)) return [];
    return [`${path.join(".")} (${file.document.whereKey(path)}${suggestion(key, known)})`];
  });
}

/** Variables by what follows their prefix; the last ones belong to the command line and to MLServer's image. */
const variables: Readonly<Record<"HOSTLER_" | "MLSERVER_", readonly string[]>> = {
  HOSTLER_: [
    ...settingNames.flatMap((name) => settingsSources[name].variable?.slice("HOSTLER_".length) ?? []),
    "URL",
  ],
  MLSERVER_: [
    ...[...serverFields, ...corsFields].map((field) => field.toUpperCase()),
    ...[...modelFields, ...parameterFields].map((field) => `MODEL_${field.toUpperCase()}`),
    "MODELS_DIR",
    "ENV_TARBALL",
    "PATH",
  ],
};

/** Only near misses: other programs have variables with these beginnings too. */
function misspeltVariables(environment: Environment): readonly string[] {
  const misspelt = (names: readonly string[], prefix: keyof typeof variables): readonly string[] =>
    names.flatMap((name) => {
      const word = name.slice(prefix.length);
      const meant = variables[prefix].includes(word) ? undefined : nearest(word, variables[prefix]);
      return meant === undefined ? [] : [`${name} (did you mean ${prefix}${meant}?)`];
    });
  const own = Object.keys(environment.variables).filter((name) => name.startsWith("HOSTLER_"));
  return [...misspelt(own, "HOSTLER_"), ...misspelt(environment.mlserverNames, "MLSERVER_")];
}

function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}
