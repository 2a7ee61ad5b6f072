import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import type { HelpStyle } from "../framework/help.ts";
import { findVerb } from "./find-verb.ts";
import type { FlagValues } from "./grammar/flag.ts";
import { globalFlags } from "./grammar/global-flags.ts";
import { parseFlags } from "./grammar/parse.ts";
import { type Line, readFlags, type Verb } from "./grammar/verb.ts";
import { lineHelp, nounHelp, verbHelp } from "./line-help.ts";
import { toJson } from "./output/json-value.ts";
import { reportMlError } from "./report.ts";
import type { Session } from "./session.ts";

type GlobalValues = FlagValues<typeof globalFlags>;

/** Runs one line, whose words follow the program's name; what goes wrong is said, and is in the status. */
export async function runLine(line: Line, words: readonly string[], context: Context): Promise<ExitCode> {
  try {
    return await run(line, words, context);
  } catch (error) {
    return reportMlError(error, context, { isDebugging: words.includes("--debug") });
  }
}

async function run(line: Line, words: readonly string[], context: Context): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const style: HelpStyle = { columns: out.columns, colors: out.colors };
  const named = findVerb(line, words);
  if (named.kind === "verb" && !wantsHelp(named.rest))
    return await runVerb(line, named.verb, named.rest, context);
  const help =
    named.kind === "verb"
      ? verbHelp(line.program, named.verb, style)
      : named.kind === "noun"
        ? nounHelp(line.program, named.noun, style)
        : lineHelp(line, style);
  // Only a verb was forgotten: what there is to choose from is the answer, and an error still.
  const isAsked = wantsHelp(named.rest);
  (isAsked ? out : err).write(help);
  return isAsked ? exitCodes.ok : exitCodes.usage;
}

function wantsHelp(words: readonly string[]): boolean {
  return words.includes("-h") || words.includes("--help");
}

async function runVerb(
  line: Line,
  verb: Verb,
  words: readonly string[],
  context: Context,
): Promise<ExitCode> {
  const given = parseFlags({ ...globalFlags, ...verb.flags }, words, verb);
  const globals = readFlags(globalFlags, given);
  const { parseQuery } = await import("./output/query.ts");
  const query = globals.query === undefined ? undefined : await parseQuery(globals.query);
  const result = toJson(await verb.execute(given, await openSession(line, globals, context)));
  const shown = query === undefined ? result : query(result);
  if (shown === null) return exitCodes.ok;
  const { render } = await import("./output/render.ts");
  const { out } = context.terminal;
  const options = {
    format: globals.output ?? "json",
    isQueried: query !== undefined,
    columns: verb.columns,
    colors: out.colors,
  };
  out.write(await render(shown, options));
  return exitCodes.ok;
}

async function openSession(
  { program }: Line,
  { onlyShowErrors }: GlobalValues,
  context: Context,
): Promise<Session> {
  const [{ ControlClient }, { controlOptionsOf }, { createSession }] = await Promise.all([
    import("../control/client.ts"),
    import("../control/control-options.ts"),
    import("./session.ts"),
  ]);
  const client = new ControlClient(controlOptionsOf(context, program));
  return createSession(context, client, { isQuiet: onlyShowErrors });
}
