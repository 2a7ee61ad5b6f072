import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { CommandTable, Context, ForeignEntry } from "./framework/command.ts";
import { rootHelp } from "./framework/help.ts";
import { styleOf } from "./terminal.ts";

/** Runs one command line. Throws what the command throws, and UsageError where the line itself is wrong. */
export async function runProgram(
  table: CommandTable,
  argv: readonly string[],
  context: Context,
): Promise<ExitCode> {
  const foreign = findForeign(table, argv);
  if (foreign !== undefined) return await (await foreign.entry.load()).run(foreign.words, context);
  if (asksForHelp(argv)) {
    context.terminal.out.write(rootHelp(table, styleOf(context.terminal)));
    return exitCodes.ok;
  }
  const { runCommandLine } = await import("./command-line.ts");
  return await runCommandLine(table, argv, context);
}

/** Whether the line asks for nothing but the list of commands: no parser needs to be loaded for that. */
function asksForHelp(argv: readonly string[]): boolean {
  const words = argv.filter((word) => word !== "--no-color");
  return words.length === 1 && (words[0] === "--help" || words[0] === "-h" || words[0] === "help");
}

/** A command that reads its words itself, and those words; `help ml` is `ml --help`. */
function findForeign(
  { foreign = [] }: CommandTable,
  argv: readonly string[],
): { readonly entry: ForeignEntry; readonly words: readonly string[] } | undefined {
  const typed = argv[0] === "--no-color" ? argv.slice(1) : argv;
  const [name, ...words] = typed[0] === "help" ? [...typed.slice(1), "--help"] : typed;
  const entry = foreign.find(({ path }) => path === name);
  return entry === undefined ? undefined : { entry, words };
}
