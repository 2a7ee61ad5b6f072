import type { Json } from "../../contracts/parameters.ts";
import type { SettingName } from "../../contracts/settings.ts";
import { type SettingSource, settingsSources } from "../../contracts/settings-sources.ts";
import type { Environment } from "./environment.ts";
import { takesNull } from "./setting-schemas.ts";
import type { SettingsFile } from "./settings-file.ts";

/** What was typed for a flag: its text, several texts, or true and false for a flag without one. */
export type FlagValues = Readonly<
  Partial<Record<SettingName, string | boolean | readonly string[] | undefined>>
>;

/** A value as it was found, and where. */
export interface FoundSetting {
  readonly layer: "flag" | "variable" | "file" | "mlserver-variable";
  /** The flag, variable or key. */
  readonly name: string;
  readonly raw: Json;
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
    if (flag !== undefined) {
      return { layer: "flag", name: flagName(source), raw: flag, where: `flag ${flagName(source)}` };
    }
    const own = source.variable === null ? undefined : this.#environment.own(source.variable);
    if (own !== undefined && !isUnset(name, own.value)) {
      return { layer: "variable", name: own.origin, raw: own.value, where: own.origin };
    }
    return this.#fromFile(source.fileKey) ?? this.#fromMlserver(source.mlserverVariable);
  }

  /** A field of MLServer's that is no setting of hostler's. */
  findField(field: string): FoundSetting | undefined {
    return this.#fromFile(field) ?? this.#fromMlserver(`MLSERVER_${field.toUpperCase()}`);
  }

  #fromFile(key: string | null): FoundSetting | undefined {
    if (key === null || this.#file === null || !Object.hasOwn(this.#file.object, key)) return undefined;
    const { object, document } = this.#file;
    return { layer: "file", name: key, raw: object[key] ?? null, where: document.whereValue([key]) };
  }

  #fromMlserver(name: string | null): FoundSetting | undefined {
    const variable = name === null ? undefined : this.#environment.mlserver(name);
    if (name === null || variable === undefined) return undefined;
    return { layer: "mlserver-variable", name, raw: variable.value, where: variable.origin };
  }
}

/** `--http-port` of `--port, --http-port <port>`: the last name is the one by which messages call it. */
function flagName({ flag }: SettingSource): string {
  return flag?.match(/--[a-z-]+/g)?.at(-1) ?? "";
}

/** An empty variable says nothing, unless nothing is something to say. Keys are the exception: nobody means none of them. */
function isUnset(name: SettingName, value: string): boolean {
  return value === "" && name !== "apiKeySha256" && !takesNull(name);
}
