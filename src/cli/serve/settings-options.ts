import { type SettingSource, settingsSources } from "../../contracts/settings-sources.ts";
import type { SettingName } from "../../contracts/settings.ts";
import { formatBytes } from "../../contracts/units.ts";
import type { GivenValue, Option } from "../framework/option.ts";

/**
 * Options of `serve`, one for each setting that has a flag. What is typed is handed on as text: the reader of settings
 * knows what each may be, wherever it comes from.
 */
export const settingsOptions: Readonly<Record<string, Option<GivenValue>>> = Object.fromEntries(
  Object.entries(settingsSources).flatMap(([name, source]) =>
    source.flag === null ? [] : [[name, optionOf(source, source.flag, fallbackOf(source))]],
  ),
);

function optionOf(
  { help, variable, options }: SettingSource,
  flags: string,
  fallback: string | undefined,
): Option<GivenValue> {
  return {
    flags,
    // The table describes the setting; an option that only turns it off has to say that it does.
    help: flags.startsWith("--no-") ? `Turn off: ${help}` : help,
    ...(options === undefined ? {} : { choices: options }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(variable === null ? {} : { note: `env ${variable}` }),
    read: (given) => given,
  };
}

/** A default as it would be typed; none for switches, nothing and empty lists. */
function fallbackOf({ kind, fallback }: (typeof settingsSources)[SettingName]): string | undefined {
  if ("found" in fallback) return fallback.found;
  const { value } = fallback;
  if (typeof value === "number") {
    if (kind === "bytes") return formatBytes(value).replace(" ", "");
    return kind === "duration" ? `${String(value / 1000)}s` : String(value);
  }
  return typeof value === "string" && value !== "" ? value : undefined;
}
