import type { Json } from "../../contracts/parameters.ts";
import { isJsonObject } from "../shared/parse-json.ts";

/** Reads one form of value; what pydantic takes for it, MLServer's users may have written. */
export interface Decoder<Value> {
  /** In words that follow "expected". */
  readonly expected: string;
  /** Whether a variable holds it as JSON. */
  readonly isJsonInVariables: boolean;
  /** Undefined where the value does not fit. */
  readonly decode: (raw: Json) => Value | undefined;
}

const truths = new Set(["1", "on", "t", "true", "y", "yes"]);
const lies = new Set(["0", "off", "f", "false", "n", "no"]);

export const booleanField: Decoder<boolean> = {
  expected: "true or false",
  isJsonInVariables: false,
  decode: (raw) => {
    if (typeof raw === "boolean") return raw;
    if (typeof raw !== "string" && typeof raw !== "number") return undefined;
    const word = String(raw).toLowerCase();
    return truths.has(word) ? true : lies.has(word) ? false : undefined;
  },
};

export const integerField: Decoder<number> = {
  expected: "a whole number",
  isJsonInVariables: false,
  decode: (raw) => {
    if (typeof raw === "string" && !/^\s*[+-]?\d+(?:_\d+)*(?:\.0*)?\s*$/.test(raw)) return undefined;
    const number = numberOf(raw);
    return Number.isSafeInteger(number) ? number : undefined;
  },
};

export const numberField: Decoder<number> = {
  expected: "a number",
  isJsonInVariables: false,
  decode: (raw) => {
    if (typeof raw === "string" && !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(raw))
      return undefined;
    const number = numberOf(raw);
    return Number.isFinite(number) ? number : undefined;
  },
};

export const textField: Decoder<string> = {
  expected: "a string",
  isJsonInVariables: false,
  decode: (raw) => (typeof raw === "string" ? raw : undefined),
};

export const textsField: Decoder<readonly string[]> = {
  expected: "a list of strings",
  isJsonInVariables: true,
  decode: (raw) => {
    if (!Array.isArray(raw)) return undefined;
    const items: readonly Json[] = raw;
    const texts = items.filter((item) => typeof item === "string");
    return texts.length === items.length ? texts : undefined;
  },
};

export const objectField: Decoder<Readonly<Record<string, Json>>> = {
  expected: "an object",
  isJsonInVariables: true,
  decode: (raw) => (isJsonObject(raw) ? raw : undefined),
};

export const listField: Decoder<readonly Json[]> = {
  expected: "a list",
  isJsonInVariables: true,
  decode: (raw) => (Array.isArray(raw) ? raw : undefined),
};

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  ...scale(1000, ["k", "m", "g", "t"], ["", "b"]),
  ...scale(1024, ["k", "m", "g", "t"], ["i", "ib"]),
};

/** Sizes as people and Kubernetes write them: 1.5GiB, 2GB, 512Mi, 2G (= 2GB). */
export const bytesField: Decoder<number> = {
  expected: "a size in bytes, or with a unit, as 512MiB or 2GB",
  isJsonInVariables: false,
  decode: (raw) => withUnit(raw, byteUnits),
};

/** Times in seconds, as MLServer has them, or with a unit; in milliseconds. */
export const durationField: Decoder<number> = {
  expected: "a time in seconds, or with a unit, as 500ms, 20s or 5m",
  isJsonInVariables: false,
  decode: (raw) => withUnit(raw, { "": 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }),
};

/** Takes null as well. */
export function nullable<Value>(decoder: Decoder<Value>): Decoder<Value | null> {
  return {
    expected: `${decoder.expected} or null`,
    isJsonInVariables: decoder.isJsonInVariables,
    decode: (raw) => (raw === null ? null : decoder.decode(raw)),
  };
}

function withUnit(raw: Json, units: Readonly<Record<string, number>>): number | undefined {
  const found = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(
    typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw.trim() : "",
  );
  const unit = units[found?.[2]?.toLowerCase() ?? ""];
  if (found === null || unit === undefined) return undefined;
  const value = Math.round(Number(found[1]) * unit);
  return Number.isSafeInteger(value) ? value : undefined;
}

function scale(
  base: number,
  prefixes: readonly string[],
  suffixes: readonly string[],
): Readonly<Record<string, number>> {
  const units = prefixes.flatMap((prefix, index) =>
    suffixes.map((suffix): [string, number] => [prefix + suffix, base ** (index + 1)]),
  );
  return Object.fromEntries(units);
}

function numberOf(raw: Json): number {
  if (typeof raw === "number") return raw;
  if (typeof raw === "boolean") return raw ? 1 : 0;
  return typeof raw === "string" ? Number(raw.trim().replaceAll("_", "")) : Number.NaN;
}
