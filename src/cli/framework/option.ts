import { UsageError } from "./usage-error.ts";

/** What was typed for an option: its text, each text of a repeated one, `true` for one that takes none. */
export type GivenValue = string | boolean | readonly string[] | undefined;

/** One option of a command: how it is typed, what its help says, and how its text becomes a value. */
export interface Option<T> {
  /** As `-f, --file <path>`. */
  readonly flags: string;
  readonly help: string;
  readonly choices?: readonly string[];
  /** What the help names as its value where it is left out. */
  readonly fallback?: string | number;
  /** Environment variable that speaks where the option is left out. */
  readonly variable?: string;
  /** Said after the help, as `(env HOSTLER_HOST)`. */
  readonly note?: string;
  /** Works, but is not listed: for other programs, not for people. */
  readonly isHidden?: boolean;
  /** May be given many times, with one value each time; `<value...>` takes many values at once. */
  readonly isRepeatable?: boolean;
  readonly read: (given: GivenValue) => T;
}

/** One positional argument. */
export interface Argument<T> {
  /** As it is shown: `DIR`. */
  readonly name: string;
  readonly help: string;
  readonly isRequired: boolean;
  readonly choices?: readonly string[];
  /** What a shell may offer here. */
  readonly completes?: "file" | "folder" | "model";
  /** `following` are the words behind it: those of the last argument may be its own. */
  readonly read: (given: string | undefined, following?: readonly string[]) => T;
}

/** The values that a table of options or arguments reads. */
export type ValuesOf<S> = {
  readonly [K in keyof S]: S[K] extends { read: (given: never) => infer T } ? T : never;
};

type Described = Omit<Option<unknown>, "read" | "choices" | "fallback">;

export function flag(option: Described): Option<boolean> {
  return { ...option, read: (given) => given === true };
}

export function text(option: Described): Option<string | undefined> {
  return { ...option, read: (given) => (typeof given === "string" ? given : undefined) };
}

export function textOr(option: Described & { readonly fallback: string }): Option<string> {
  return { ...option, read: (given) => (typeof given === "string" ? given : option.fallback) };
}

export function integer(
  option: Described & { readonly fallback: number; readonly least: number; readonly most: number },
): Option<number> {
  const read = (given: GivenValue): number => {
    if (typeof given !== "string") return option.fallback;
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= option.least && value <= option.most) return value;
    throw new UsageError(
      `${longName(option.flags)} takes a whole number from ${String(option.least)} to ${String(option.most)}, not ${JSON.stringify(given)}.`,
    );
  };
  return { ...option, read };
}

/** Every text of an option that may be given many times. */
export function texts(option: Described): Option<readonly string[]> {
  const read = (given: GivenValue): readonly string[] => {
    if (typeof given === "string") return [given];
    return typeof given === "object" ? given : [];
  };
  return { ...option, isRepeatable: true, read };
}

export function choice<const C extends string>(
  option: Described & { readonly choices: readonly C[]; readonly fallback: C },
): Option<C> {
  const read = (given: GivenValue): C => {
    if (typeof given !== "string") return option.fallback;
    const chosen = option.choices.find((one) => one === given);
    if (chosen !== undefined) return chosen;
    throw new UsageError(
      `${longName(option.flags)} cannot be ${JSON.stringify(given)}.`,
      `Choose one of: ${option.choices.join(", ")}.`,
    );
  };
  return { ...option, read };
}

export function required(argument: Omit<Argument<string>, "read" | "isRequired">): Argument<string> {
  const read = (given: string | undefined): string => {
    if (given !== undefined && given !== "") return given;
    throw new UsageError(`${argument.name} is missing: ${argument.help}`);
  };
  return { ...argument, isRequired: true, read };
}

/** The last argument, of one word or more; its name ends with three dots. */
export function several(
  argument: Omit<Argument<readonly string[]>, "read" | "isRequired">,
): Argument<readonly string[]> {
  const read = (given: string | undefined, following: readonly string[] = []): readonly string[] => {
    if (given !== undefined) return [given, ...following];
    throw new UsageError(`${argument.name} is missing: ${argument.help}`);
  };
  return { ...argument, isRequired: true, read };
}

export function oneOf<const C extends string>(
  argument: Omit<Argument<C>, "read" | "isRequired" | "choices"> & { readonly choices: readonly C[] },
): Argument<C> {
  const read = (given: string | undefined): C => {
    const chosen = argument.choices.find((one) => one === given);
    if (chosen !== undefined) return chosen;
    const hint = `Choose one of: ${argument.choices.join(", ")}.`;
    throw new UsageError(`${argument.name} cannot be ${JSON.stringify(given)}.`, hint);
  };
  return { ...argument, isRequired: true, read };
}

export function optional(
  argument: Omit<Argument<string>, "read" | "isRequired">,
): Argument<string | undefined> {
  return { ...argument, isRequired: false, read: (given) => given };
}

/** `--file` of `-f, --file <path>`. */
export function longName(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}
