import { MlError } from "../ml-error.ts";

/** The words that followed each occurrence of a flag, in order. */
export type Occurrences = readonly (readonly string[])[];

/** How many words a flag takes: none, exactly one, at most one, one or more. */
type Arity = "none" | "one" | "optional" | "many";

/** One flag of a verb: how it is typed, what its help says, and how its words become a value. */
export interface Flag<T> {
  /** Long ones first, as `--name`, `-n`; none for the words that belong to no flag. */
  readonly names: readonly string[];
  readonly help: string;
  readonly arity: Arity;
  readonly choices?: readonly string[];
  readonly isRequired?: boolean;
  /** What a shell may offer as its value. */
  readonly completes?: "file" | "folder";
  /** Understood for the sake of other people's scripts, and not listed. */
  readonly isHidden?: boolean;
  /** Azure's command line has no such flag: a name cut short means one that it has. */
  readonly isExtra?: boolean;
  readonly read: (given: Occurrences) => T;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values that a table of flags reads. */
export type FlagValues<F> = {
  readonly [K in keyof F]: F[K] extends { read: (given: never) => infer T } ? T : never;
};

type Described = Pick<Flag<unknown>, "names" | "help" | "completes" | "isHidden" | "isExtra">;

/** As argparse has it, the last one counts. */
export function text(flag: Described): Flag<string | undefined> {
  return { ...flag, arity: "one", read: (given) => given.at(-1)?.[0] };
}

export function requiredText(flag: Described): Flag<string> {
  return { ...flag, arity: "one", isRequired: true, read: (given) => given.at(-1)?.[0] ?? missing(flag) };
}

export function switchedOn(flag: Described): Flag<boolean> {
  return { ...flag, arity: "none", read: (given) => given.length > 0 };
}

/** `--local`, `--local true` and `--local false`. */
export function threeState(flag: Described): Flag<boolean> {
  const read = (given: Occurrences): boolean => {
    const last = given.at(-1);
    return last !== undefined && oneOf(flag, ["true", "false"], last[0] ?? "true") === "true";
  };
  return { ...flag, arity: "optional", choices: ["true", "false"], read };
}

export function integer(flag: Described): Flag<number | undefined> {
  const read = (given: Occurrences): number | undefined => {
    const typed = given.at(-1)?.[0];
    if (typed === undefined || /^\d{1,9}$/.test(typed))
      return typed === undefined ? undefined : Number(typed);
    throw MlError.usage(`argument ${namesOf(flag)}: invalid int value: '${typed}'`);
  };
  return { ...flag, arity: "one", read };
}

/** One of a few words, in any case. */
export function choice<const C extends string>(
  flag: Described & { readonly choices: readonly C[] },
): Flag<C | undefined> {
  const read = (given: Occurrences): C | undefined => {
    const typed = given.at(-1)?.[0];
    return typed === undefined ? undefined : oneOf(flag, flag.choices, typed);
  };
  return { ...flag, arity: "one", read };
}

/** One word each time: `--build-arg A=1 --build-arg B=2`. */
export function texts(flag: Described): Flag<readonly string[]> {
  return { ...flag, arity: "one", read: (given) => given.flat() };
}

/** Several words, and several times: `--set a=1 b=2 --set c=3`. */
export function words(flag: Described): Flag<readonly string[]> {
  return { ...flag, arity: "many", read: (given) => given.flat() };
}

/** The same, with each time kept apart: `--add list a --add list b`. */
export function groupsOfWords(flag: Described): Flag<Occurrences> {
  return { ...flag, arity: "many", read: (given) => given };
}

/** The one word that belongs to no flag, as the folder of `acr build`. */
export function operand(flag: Omit<Described, "names">): Flag<string | undefined> {
  return { ...flag, names: [], arity: "one", read: (given) => given.at(-1)?.[0] };
}

/** As messages of argparse name a flag: `--name/-n`. */
export function namesOf({ names }: Pick<Flag<unknown>, "names">): string {
  return names.join("/");
}

function oneOf<C extends string>(
  flag: Pick<Flag<unknown>, "names">,
  choices: readonly C[],
  typed: string,
): C {
  const chosen = choices.find((one) => one === typed.toLowerCase());
  if (chosen !== undefined) return chosen;
  const list = choices.map((one) => `'${one}'`).join(", ");
  throw MlError.usage(`argument ${namesOf(flag)}: invalid choice: '${typed}' (choose from ${list})`);
}

function missing(flag: Pick<Flag<unknown>, "names">): never {
  throw MlError.usage(`the following arguments are required: ${namesOf(flag)}`);
}
