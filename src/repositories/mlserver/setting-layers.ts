import type { Json } from "../../contracts/parameters.ts";
import type { SettingName } from "../../contracts/settings.ts";
import { type SettingSource, settingsSources } from "../../contracts/settings-sources.ts";
import type { Environment } from "./environment.ts";
import type { SettingsFile } from "./settings-file.ts";

/** What was typed for a flag: its text, several texts, or true and false for a flag without one. */
export type FlagValues = Readonly<
  Partial<Record<SettingName, string | boolean | readonly string[] | undefined>>
>;

/** A value as it was found, and where. */
export interface FoundSetting {
  readonly layer: "flag" | "variable" | "file" | "mlserver-variable";
  readonly raw: Json;
  /** As messages name it. */
  readonly where: string;
}

/**
 * The places that a setting can come from, strongest first: flags, hostler's variables, `settings.json`, MLServer's
 * variables, `.env`. That a file beats `MLSERVER_*` is MLServer's rule. `HOSTLER_*` goes before the file: it was set for
 * this program, by whoever runs it.
 */
export class SettingLayers {
  readonly #flags: FlagValues;
  readonly #environment: Environment;
  readonly #file: SettingsFile | null;

  constructor(flags: FlagValues, environment: Environment, file: SettingsFile | null) {
    this.#flags = flags;
    this.#environment = environment;
    this.#file = file;
  }

  find(name: SettingName): FoundSetting | undefined {
    const source: SettingSource = settingsSources[name];
    const flag = this.#flags[name];
    if (flag !== undefined) return { layer: "flag", raw: flag, where: `flag ${flagName(source)}` };
    const own = source.variable === null ? undefined : this.#environment.own(source.variable);
    if (own !== undefined) return { layer: "variable", raw: own.value, where: own.origin };
    return this.#fromFile(source.fileKey) ?? this.#fromMlserver(source.mlserverVariable);
  }

  /** A field of MLServer's that is no setting of hostler's. */
  findField(field: string): FoundSetting | undefined {
    return this.#fromFile(field) ?? this.#fromMlserver(`MLSERVER_${field.toUpperCase()}`);
  }

  #fromFile(key: string | null): FoundSetting | undefined {
    if (key === null || this.#file === null || !Object.hasOwn(this.#file.object, key)) return undefined;
    return {
      layer: "file",
      raw: this.#file.object[key] ?? null,
      where: this.#file.document.whereValue([key]),
    };
  }

  #fromMlserver(name: string | null): FoundSetting | undefined {
    const variable = name === null ? undefined : this.#environment.mlserver(name);
    return variable && { layer: "mlserver-variable", raw: variable.value, where: variable.origin };
  }
}

/** `--http-port` of `--port, --http-port <port>`: the last name is the one by which messages call it. */
function flagName({ flag }: SettingSource): string {
  return flag?.match(/--[a-z-]+/g)?.at(-1) ?? "";
}
