import { MlError } from "../ml-error.ts";
import { type Flag, type FlagTable, namesOf, type Occurrences } from "./flag.ts";

/** What was typed, by the keys of a table of flags. */
export type Given = ReadonlyMap<string, Occurrences>;

interface Known {
  readonly key: string;
  readonly flag: Flag<unknown>;
}

/** A word that begins with a hyphen, taken apart. */
interface TypedOption {
  readonly known: Known;
  /** What was attached to it, as in `--name=x` and `-nx`. */
  readonly attached: string | undefined;
}

/**
 * Reads the words after a verb as Azure's command line does: long names may be cut short where they stay unique, and a
 * flag that takes several words takes all up to the next flag. Hyphens and underscores are one in long names.
 */
export function parseFlags(
  flags: FlagTable,
  words: readonly string[],
  { ignoresUnknown = false } = {},
): Given {
  return new FlagReader(flags, ignoresUnknown).read(words);
}

class FlagReader {
  readonly #flags: FlagTable;
  readonly #names = new Map<string, Known>();
  readonly #given = new Map<string, Occurrences>();
  readonly #unrecognized: string[] = [];
  readonly #ignoresUnknown: boolean;

  constructor(flags: FlagTable, ignoresUnknown: boolean) {
    this.#flags = flags;
    this.#ignoresUnknown = ignoresUnknown;
    for (const [key, flag] of Object.entries(flags)) {
      for (const name of flag.names) this.#names.set(name, { key, flag });
    }
  }

  read(words: readonly string[]): Given {
    let index = 0;
    while (index < words.length) {
      const word = words[index] ?? "";
      const option = isOption(word) ? this.#option(word) : undefined;
      if (option === undefined) this.#takeFree(word);
      index += option === undefined ? 1 : 1 + this.#take(option, words.slice(index + 1));
    }
    // Flags that are missing come first, as a misspelt one often is the missing one: argparse says so too.
    this.#demandRequired();
    if (this.#unrecognized.length > 0 && !this.#ignoresUnknown) {
      throw MlError.usage(`unrecognized arguments: ${this.#unrecognized.join(" ")}`);
    }
    return this.#given;
  }

  /** Keeps what belongs to an option and returns how many of the following words that was. */
  #take({ known, attached }: TypedOption, following: readonly string[]): number {
    const { key, flag } = known;
    const end = following.findIndex(isOption);
    const free = end === -1 ? following : following.slice(0, end);
    const wanted = { none: 0, one: 1, optional: 1, many: free.length }[flag.arity];
    const taken = attached === undefined ? free.slice(0, wanted) : [attached];
    if (flag.arity === "none" && attached !== undefined) {
      throw MlError.usage(`argument ${namesOf(flag)}: ignored explicit argument '${attached}'`);
    }
    if (taken.length === 0 && (flag.arity === "one" || flag.arity === "many")) {
      const expected = flag.arity === "one" ? "one argument" : "at least one argument";
      throw MlError.usage(`argument ${namesOf(flag)}: expected ${expected}`);
    }
    this.#given.set(key, [...(this.#given.get(key) ?? []), taken]);
    return attached === undefined ? taken.length : 0;
  }

  /** A word that no flag takes. */
  #takeFree(word: string): void {
    const [key] = Object.entries(this.#flags).find(([, { names }]) => names.length === 0) ?? [];
    if (key === undefined || this.#given.has(key) || isOption(word)) this.#unrecognized.push(word);
    else this.#given.set(key, [[word]]);
  }

  #option(word: string): TypedOption | undefined {
    const [typed = "", ...rest] = word.split("=");
    const attached = rest.length === 0 ? undefined : rest.join("=");
    if (word.startsWith("--")) {
      const known = this.#long(typed);
      return known === undefined ? undefined : { known, attached };
    }
    const exact = this.#names.get(typed);
    return exact === undefined ? this.#cluster(word) : { known: exact, attached };
  }

  /** `-nblue`, and `-yn`, of which the first takes nothing. */
  #cluster(word: string): TypedOption | undefined {
    const known = this.#names.get(word.slice(0, 2));
    if (known === undefined) return undefined;
    if (known.flag.arity !== "none") return { known, attached: word.slice(2) };
    this.#take({ known, attached: undefined }, []);
    return this.#option(`-${word.slice(2)}`);
  }

  #long(typed: string): Known | undefined {
    const name = typed.replaceAll("_", "-");
    const exact = this.#names.get(name);
    if (exact !== undefined) return exact;
    const found = [...this.#names].filter(([one]) => one.startsWith(name));
    const ofAzure = found.filter(([, { flag }]) => flag.isExtra !== true);
    const meant = ofAzure.length === 0 ? found : ofAzure;
    if (new Set(meant.map(([, { key }]) => key)).size > 1) {
      const names = meant.map(([one]) => one).join(", ");
      throw MlError.usage(`ambiguous option: ${typed} could match ${names}`);
    }
    return meant[0]?.[1];
  }

  #demandRequired(): void {
    const absent = Object.entries(this.#flags)
      .filter(([key, { isRequired }]) => isRequired === true && !this.#given.has(key))
      .map(([, flag]) => namesOf(flag));
    if (absent.length > 0) {
      throw MlError.usage(`the following arguments are required: ${absent.join(", ")}`);
    }
  }
}

/** Negative numbers and texts with blanks are values, whatever they begin with. */
function isOption(word: string): boolean {
  return /^-[^\s]+$/.test(word) && !/^-\d*\.?\d+$/.test(word);
}
