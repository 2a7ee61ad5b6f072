import type { Example } from "../../framework/command.ts";
import type { Session } from "../session.ts";
import type { FlagTable, FlagValues } from "./flag.ts";
import type { Given } from "./parse.ts";

/** A verb of a noun as it is written down: parsing, help and completion all read it. */
interface Definition<F extends FlagTable> {
  /** As `online-endpoint create`. */
  readonly path: string;
  readonly summary: string;
  /** More than one line has room for. */
  readonly description?: string;
  readonly examples: readonly Example[];
  readonly flags: F;
  /** What a table shows where no query says so, in this order; left out, all that is flat. */
  readonly columns?: readonly string[];
  /** Flags that it does not know are passed over: it does nothing that they could change. */
  readonly ignoresUnknown?: boolean;
  /** Resolves with what is printed; undefined and null print nothing. */
  readonly run: (values: FlagValues<F>, session: Session) => Promise<unknown>;
}

export interface Verb extends Omit<Definition<FlagTable>, "run"> {
  readonly execute: (given: Given, session: Session) => Promise<unknown>;
}

/** A noun, and what can be done with it. A verb whose path is the noun alone is meant where no other word follows. */
export interface Noun {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
}

/** A command line of Azure's: `hostler ml` and `hostler az`. */
export interface Line {
  /** As `hostler ml`. */
  readonly program: string;
  readonly summary: string;
  readonly nouns: readonly Noun[];
}

export function defineVerb<const F extends FlagTable>({ run, ...shown }: Definition<F>): Verb {
  const execute = async (given: Given, session: Session): Promise<unknown> => {
    const values = readFlags(shown.flags, given);
    return await run(values, session);
  };
  return { ...shown, execute };
}

/** The value of each flag; that every key is there is what makes the result have its type. */
export function readFlags<F extends FlagTable>(flags: F, given: Given): FlagValues<F> {
  const values = Object.fromEntries(
    Object.entries(flags).map(([key, flag]) => [key, flag.read(given.get(key) ?? [])]),
  );
  if (!hasEvery(values, flags)) throw new Error("a flag was left unread");
  return values;
}

function hasEvery<F extends FlagTable>(values: object, flags: F): values is FlagValues<F> {
  return Object.keys(flags).every((key) => Object.hasOwn(values, key));
}
