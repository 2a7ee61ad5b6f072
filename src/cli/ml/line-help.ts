import { type HelpStyle, type Line as Row, page, section, wrapped } from "../framework/help.ts";
import type { Flag } from "./grammar/flag.ts";
import { globalFlags } from "./grammar/global-flags.ts";
import type { Line, Noun, Verb } from "./grammar/verb.ts";

const widestExample = 52;

export function lineHelp({ program, summary, nouns }: Line, style: HelpStyle): string {
  return page(
    `${program}: ${summary}`,
    [
      section("Examples", nouns.flatMap(firstExample), style, widestExample),
      section(
        "Nouns",
        nouns.map((noun) => [noun.name, noun.summary]),
        style,
      ),
      section("Options", flagLines(globalFlags), style),
    ],
    `${program} NOUN --help tells more about a noun. HOSTLER_URL names the control plane.`,
  );
}

export function nounHelp(program: string, { name, summary, verbs }: Noun, style: HelpStyle): string {
  return page(
    `${program} ${name}: ${summary}`,
    [
      section(
        "Verbs",
        verbs.map((verb) => [verb.path.slice(name.length + 1), verb.summary]),
        style,
      ),
      section("Options", flagLines(globalFlags), style),
    ],
    `${program} ${name} VERB --help tells more about a verb.`,
  );
}

export function verbHelp(program: string, verb: Verb, style: HelpStyle): string {
  return page(`${program} ${verb.path}: ${verb.summary}`, [
    wrapped(verb.description ?? "", style),
    section("Examples", exampleLines([verb]), style, widestExample),
    section("Usage", [[`${program} ${verb.path} [options]`, ""]], style),
    section("Options", flagLines(verb.flags), style),
    section("Options of every verb", flagLines(globalFlags), style),
  ]);
}

/** One example of each noun is enough to see how lines are made. */
function firstExample({ verbs }: Noun): readonly Row[] {
  return exampleLines(verbs.slice(0, 1)).slice(0, 1);
}

function exampleLines(verbs: readonly Verb[]): readonly Row[] {
  return verbs.flatMap(({ examples }) => examples.map(({ line, note }): Row => [`hostler ${line}`, note]));
}

function flagLines(flags: Readonly<Record<string, Flag<unknown>>>): readonly Row[] {
  return Object.values(flags)
    .filter(({ isHidden, names }) => isHidden !== true && names.length > 0)
    .map(flagLine);
}

/** Short names first, as everywhere else in hostler. */
function flagLine({ names, arity, help, choices, isRequired }: Flag<unknown>): Row {
  const short = names.find((name) => !name.startsWith("--"));
  const long = names.filter((name) => name.startsWith("--")).join(", ");
  const value = { none: "", one: " <value>", optional: " [value]", many: " <value...>" }[arity];
  const notes = [
    isRequired === true ? "required" : undefined,
    choices === undefined || arity === "optional" ? undefined : `one of ${choices.join(", ")}`,
  ].filter((note) => note !== undefined);
  return [
    `${short === undefined ? "    " : `${short}, `}${long}${value}`,
    notes.length === 0 ? help : `${help} (${notes.join("; ")})`,
  ];
}
