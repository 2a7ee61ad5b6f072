import { Complaint } from "../shared/complaint.ts";
import type { allowedUrls, ConfigKey, enablesVariables } from "./config-keys.ts";
import type { Property } from "./properties-file.ts";

type Key = ConfigKey | typeof allowedUrls | typeof enablesVariables | "NUM_WORKERS";

interface Range {
  readonly least: number;
  readonly most?: number;
}

/** The values of a configuration by key, and complaints that say where each stands. */
export class ConfigValues {
  readonly #properties: ReadonlyMap<string, Property>;

  constructor(properties: ReadonlyMap<string, Property>) {
    this.#properties = properties;
  }

  property(key: Key): Property | undefined {
    return this.#properties.get(key);
  }

  /** Null where it is left out or empty. */
  text(key: Key): string | null {
    const value = this.property(key)?.value.trim() ?? "";
    return value === "" ? null : value;
  }

  integer(key: Key, fallback: number, { least, most = Number.MAX_SAFE_INTEGER }: Range): number {
    const text = this.text(key);
    if (text === null) return fallback;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
    const range =
      most === Number.MAX_SAFE_INTEGER ? `${String(least)} or more` : `${String(least)} to ${String(most)}`;
    throw this.misfit(key, `a whole number, ${range}`);
  }

  boolean(key: Key, fallback: boolean): boolean {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return fallback;
    if (text === "true" || text === "false") return text === "true";
    throw this.misfit(key, "true or false");
  }

  /** Items between commas. */
  list(key: Key): readonly string[] {
    const items = this.text(key)?.split(",") ?? [];
    return items.map((item) => item.trim()).filter((item) => item !== "");
  }

  /** A regular expression that has to fit the whole of a text; null where it is left out. */
  pattern(key: Key): RegExp | null {
    const text = this.text(key);
    if (text === null) return null;
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      throw this.misfit(key, "a regular expression");
    }
  }

  misfit(key: Key, expected: string, hint?: string): Complaint {
    const { where = key, value } = this.property(key) ?? {};
    return Complaint.misfit({
      where,
      field: key,
      expected,
      got: value,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
