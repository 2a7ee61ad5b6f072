import type { Answer } from "../completion/suggestion.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";
import type { Argument, GivenValue, Option, ValuesOf } from "./option.ts";

/** What a command may use of the world; everything else it imports itself, when it runs. */
export interface Context {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export interface Example {
  /** What follows `hostler`. */
  readonly line: string;
  readonly note: string;
}

type ArgumentTable = Readonly<Record<string, Argument<unknown>>>;
type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** A command as it is written down: one plain object that help, completion and parsing all read. */
interface Definition<A extends ArgumentTable, O extends OptionTable> {
  /** More than the one line of the command list. */
  readonly description?: string;
  readonly examples: readonly Example[];
  readonly arguments: A;
  readonly options: O;
  readonly run: (values: ValuesOf<A> & ValuesOf<O>, context: Context) => Promise<ExitCode>;
}

/** What was typed, by the keys of a command's own tables. */
export interface Given {
  readonly argument: (key: string) => string | undefined;
  /** The words behind an argument. */
  readonly following: (key: string) => readonly string[];
  readonly option: (key: string) => GivenValue;
}

/** A command as the framework handles it: its values are read and typed behind `execute`. */
export interface Command extends Pick<Definition<ArgumentTable, OptionTable>, "description" | "examples"> {
  readonly arguments: ArgumentTable;
  readonly options: OptionTable;
  readonly execute: (given: Given, context: Context) => Promise<ExitCode>;
}

/** A line of the command list. The definition is loaded only for the command that was typed. */
export interface CommandEntry {
  /** As `models ls`. */
  readonly path: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** What the command list shows after the path, as `DIR`. */
  readonly usage: string;
  readonly load: () => Promise<Command>;
}

/** A command with a grammar of its own, somebody else's: it gets its words as they were typed. */
export interface ForeignEntry extends Omit<CommandEntry, "load" | "aliases"> {
  /** For the stand-ins, not for people. */
  readonly isHidden?: boolean;
  readonly load: () => Promise<ForeignCommand>;
}

export interface ForeignCommand {
  readonly run: (words: readonly string[], context: Context) => Promise<ExitCode>;
  /** Answers for the last of its words. */
  readonly complete: (words: readonly string[]) => Answer;
}

export interface CommandTable {
  readonly entries: readonly CommandEntry[];
  readonly foreign?: readonly ForeignEntry[];
  /** What the nouns are for, as `models`. */
  readonly groups: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly examples: readonly Example[];
}

export function defineCommand<const A extends ArgumentTable, const O extends OptionTable>(
  definition: Definition<A, O>,
): Command {
  const { run, ...shown } = definition;
  const execute = async (given: Given, context: Context): Promise<ExitCode> => {
    const values = {
      ...readArguments(definition.arguments, given),
      ...readEach(definition.options, given.option),
    };
    if (!hasEvery(values, definition)) throw new Error("a command was run without one of its values");
    return await run(values, context);
  };
  return { ...shown, execute };
}

interface Reader<G> {
  readonly read: (given: G) => unknown;
}

function readEach<G>(
  readers: Readonly<Record<string, Reader<G>>>,
  given: (key: string) => G,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(readers).map(([key, reader]) => [key, reader.read(given(key))]));
}

function readArguments(table: ArgumentTable, given: Given): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(table).map(([key, { read }]) => [key, read(given.argument(key), given.following(key))]),
  );
}

/** Each value came from the reader of its own key, so that having every key is having every type. */
function hasEvery<A extends ArgumentTable, O extends OptionTable>(
  values: object,
  { arguments: positional, options }: Pick<Definition<A, O>, "arguments" | "options">,
): values is ValuesOf<A> & ValuesOf<O> {
  return [...Object.keys(positional), ...Object.keys(options)].every((key) => Object.hasOwn(values, key));
}
