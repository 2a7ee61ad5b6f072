import type { ScalarTag, Tags } from "yaml";

/**
 * Scalars as PyYAML's safe_load reads them: YAML 1.1, with its own idea of what a number is (`1e3` is text, `1:30` is
 * ninety), and without the single letters `y` and `n`.
 */

/** A number that was written with a point: Python prints the 1.0 that JavaScript takes for 1. */
export class YamlFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** As `str()` in Python. */
  get text(): string {
    return Number.isInteger(this.value) ? this.value.toFixed(1) : String(this.value);
  }
}

const bool = "tag:yaml.org,2002:bool";
const int = "tag:yaml.org,2002:int";
const float = "tag:yaml.org,2002:float";

const scalarTags: readonly ScalarTag[] = [
  { tag: bool, default: true, test: /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/, resolve: () => true },
  { tag: bool, default: true, test: /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/, resolve: () => false },
  { tag: int, default: true, test: /^[-+]?0b[01_]+$/, resolve: (text) => whole(text, 2, 2) },
  { tag: int, default: true, test: /^[-+]?0x[\da-fA-F_]+$/, resolve: (text) => whole(text, 2, 16) },
  { tag: int, default: true, test: /^[-+]?0[0-7_]+$/, resolve: (text) => whole(text, 1, 8) },
  { tag: int, default: true, test: /^[-+]?(?:0|[1-9][\d_]*)$/, resolve: (text) => whole(text, 0, 10) },
  { tag: int, default: true, test: /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/, resolve: sexagesimal },
  {
    tag: float,
    default: true,
    test: /^(?:[-+]?\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?$/,
    resolve: (text) => new YamlFloat(Number(text.replaceAll("_", ""))),
  },
  {
    tag: float,
    default: true,
    test: /^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/,
    resolve: (text) => new YamlFloat(sexagesimal(text)),
  },
  {
    tag: float,
    default: true,
    test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: (text) => new YamlFloat(/nan/i.test(text) ? Number.NaN : (text.startsWith("-") ? -1 : 1) / 0),
  },
];

/** What stays of the library's own: collections, strings, null and merge keys. Dates stay text, nothing else is known. */
const kept = ["map", "seq", "str", "null", "merge"].map((name) => `tag:yaml.org,2002:${name}`);

export function pythonTags(tags: Tags): Tags {
  const library = tags.filter((tag) => typeof tag === "object" && kept.includes(tag.tag));
  return [...library, ...scalarTags];
}

function whole(text: string, prefixLength: number, base: number): number {
  const digits = text.replace(/^[-+]/, "").slice(prefixLength).replaceAll("_", "");
  const value = Number.parseInt(digits, base);
  return text.startsWith("-") ? -value : value;
}

/** `1:30` is 90, in base 60. */
function sexagesimal(text: string): number {
  const parts = text.replace(/^[-+]/, "").replaceAll("_", "").split(":");
  const value = parts.reduce((sum, part) => sum * 60 + Number(part), 0);
  return text.startsWith("-") ? -value : value;
}
