import { Command as Parser, CommanderError, Option as ParserOption } from "commander";
import type { Command, CommandEntry, CommandTable, Context, Given } from "./framework/command.ts";
import { commandHelp, groupHelp, rootHelp } from "./framework/help.ts";
import type { GivenValue, Option } from "./framework/option.ts";
import { UsageError } from "./framework/usage-error.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { styleOf, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Runs the command that a line names, as `runProgram` does. */
export async function runCommandLine(
  table: CommandTable,
  argv: readonly string[],
  context: Context,
): Promise<ExitCode> {
  const chosen = findEntry(table, argv);
  const command = await chosen?.load();
  let exitCode: ExitCode = exitCodes.ok;
  const program = new ProgramBuilder(table, context.terminal).build((entry, leaf) => {
    if (entry !== chosen || command === undefined) return;
    declare(leaf, command, async (given) => {
      exitCode = await command.execute(withVariables(given, command, context), context);
    });
    leaf.configureHelp({ formatHelp: () => commandHelp(entry, command, styleOf(context.terminal)) });
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return endOfParsing(error, chosen, command);
    throw error;
  }
  return exitCode;
}

/** The command that the words of the line name; undefined where they name none, or only a group. */
function findEntry({ entries }: CommandTable, argv: readonly string[]): CommandEntry | undefined {
  const words = argv.filter((word) => !word.startsWith("-"));
  const [first = "", second = ""] = words[0] === "help" ? words.slice(1) : words;
  const named = (path: string): CommandEntry | undefined =>
    entries.find((entry) => entry.path === path || entry.aliases?.includes(path) === true);
  return named(`${first} ${second}`) ?? named(first);
}

/** Makes commander's tree: every command by name, so that typos find their neighbours. */
class ProgramBuilder {
  readonly #table: CommandTable;
  readonly #terminal: Terminal;
  readonly #groups = new Map<string, Parser>();

  constructor(table: CommandTable, terminal: Terminal) {
    this.#table = table;
    this.#terminal = terminal;
  }

  build(fill: (entry: CommandEntry, leaf: Parser) => void): Parser {
    const root = this.#prepare(new Parser("hostler"), () => rootHelp(this.#table, styleOf(this.#terminal)));
    root.version(version(), "-V, --version");
    for (const entry of this.#table.entries) {
      const words = entry.path.split(" ");
      const verb = words.at(-1) ?? entry.path;
      const parent = words.length === 1 ? root : this.#group(root, words.slice(0, -1).join(" "));
      const leaf = this.#prepare(parent.command(verb), () => "");
      leaf.aliases([...(entry.aliases ?? [])]);
      fill(entry, leaf);
    }
    // Only known by name, for the sake of typos: they are run before commander sees the line.
    for (const { path } of this.#table.foreign ?? []) root.command(path);
    return root;
  }

  #group(root: Parser, name: string): Parser {
    const existing = this.#groups.get(name);
    if (existing !== undefined) return existing;
    const style = styleOf(this.#terminal);
    const group = this.#prepare(root.command(name), () => groupHelp(this.#table, name, style));
    this.#groups.set(name, group);
    return group;
  }

  #prepare(parser: Parser, formatHelp: () => string): Parser {
    const { out, err } = this.#terminal;
    return parser
      .configureHelp({ formatHelp })
      .configureOutput({
        writeOut: (text) => {
          out.write(text);
        },
        writeErr: (text) => {
          err.write(text);
        },
        // Errors are printed once, in one form, by whoever called `runProgram`.
        outputError: () => undefined,
      })
      .exitOverride()
      .option("--no-color");
  }
}

function declare(leaf: Parser, command: Command, run: (given: Given) => Promise<void>): void {
  const positions = Object.entries(command.arguments).map(([key, { name, isRequired, help }]) => {
    leaf.argument(isRequired ? `<${name}>` : `[${name}]`, help);
    return key;
  });
  const attributes = new Map(
    Object.entries(command.options).map(([key, option]) => [key, addOption(leaf, option)]),
  );
  leaf.action(async () => {
    const values: Readonly<Record<string, unknown>> = leaf.opts();
    await run({
      argument: (key) => leaf.args[positions.indexOf(key)],
      following: (key) => leaf.args.slice(positions.indexOf(key) + 1),
      option: (key) => {
        const attribute = attributes.get(key) ?? key;
        // Commander presets what `--no-x` turns off; only what was typed counts here.
        return leaf.getOptionValueSource(attribute) === "cli" ? givenValue(values[attribute]) : undefined;
      },
    });
  });
}

/** Returns the name under which commander keeps what was given. */
function addOption(leaf: Parser, { flags, help, isRepeatable = false }: Option<unknown>): string {
  // Of two long names commander suggests the second for a typo: let it be the shorter one, which we list first.
  const option = new ParserOption(flags.replace(/^(--[\w-]+), (--[\w-]+)/, "$2, $1"), help);
  if (isRepeatable) {
    option.argParser<readonly string[] | undefined>((value, before = []) => [...before, value]);
  }
  leaf.addOption(option);
  return option.attributeName();
}

function givenValue(value: unknown): GivenValue {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" || typeof value === "boolean" ? value : undefined;
}

/** Where an option was left out, its variable speaks. */
function withVariables(given: Given, { options }: Command, { environment }: Context): Given {
  const option = (key: string): GivenValue => {
    const variable = options[key]?.variable;
    const stored = variable === undefined ? undefined : environment[variable];
    return given.option(key) ?? (stored === "" ? undefined : stored);
  };
  return { ...given, option };
}

/** Commander ends by throwing, also after `--help` and `--version`. */
function endOfParsing(
  error: CommanderError,
  entry: CommandEntry | undefined,
  command: Command | undefined,
): ExitCode {
  if (error.exitCode === 0) return exitCodes.ok;
  // Nothing, or only a noun, was typed: commander has shown the help.
  if (error.code === "commander.help") return exitCodes.usage;
  const [what = "", suggestion = ""] = error.message.replace(/^error: /, "").split("\n");
  const [example] = error.code === "commander.missingArgument" ? (command?.examples ?? []) : [];
  const hints = [
    suggestion.replace(/^\((.*)\)$/, "$1"),
    example === undefined ? "" : `For example: hostler ${example.line}.`,
    `See hostler ${entry === undefined ? "" : `${entry.path} `}--help`,
  ];
  throw new UsageError(
    `${what.charAt(0).toUpperCase()}${what.slice(1).replace(/\.$/, "")}.`,
    hints.filter((hint) => hint !== "").join(" "),
  );
}
