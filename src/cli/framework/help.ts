import type { Colors } from "../terminal.ts";
import type { Command, CommandEntry, CommandTable, Example, ForeignEntry } from "./command.ts";
import type { Option } from "./option.ts";

/** How the help is laid out. */
export interface HelpStyle {
  readonly columns: number;
  readonly colors: Colors;
}

export type Line = readonly [left: string, right: string];

const indent = "  ";
const widestPage = 100;
const widestName = 34;
const widestExample = 52;

/** Options that every command has, whatever it does. */
const commonOptions: readonly Line[] = [
  ["-h, --help", "Show this help"],
  ["    --no-color", "No colours, as with NO_COLOR=1"],
];

export function rootHelp(table: CommandTable, style: HelpStyle): string {
  return page(
    `hostler: ${table.summary}`,
    [
      section("Examples", exampleLines(table.examples), style, widestExample),
      section("Commands", commandLines([...table.entries, ...shownForeign(table)]), style),
      section("Options", [["-V, --version", "Show the version"], ...commonOptions], style),
    ],
    "hostler COMMAND --help tells more about a command.",
  );
}

function shownForeign({ foreign = [] }: CommandTable): readonly ForeignEntry[] {
  return foreign.filter(({ isHidden }) => isHidden !== true);
}

export function groupHelp(table: CommandTable, group: string, style: HelpStyle): string {
  const entries = table.entries.filter(({ path }) => path.startsWith(`${group} `));
  return page(`hostler ${group}: ${table.groups[group] ?? ""}`, [
    section("Commands", commandLines(entries), style),
    section("Options", commonOptions, style),
  ]);
}

export function commandHelp(entry: CommandEntry, command: Command, style: HelpStyle): string {
  const options = Object.values(command.options).filter(({ isHidden }) => isHidden !== true);
  const positional = Object.values(command.arguments);
  return page(`hostler ${entry.path}: ${entry.summary}`, [
    wrapped(command.description ?? "", style),
    section("Examples", exampleLines(command.examples), style, widestExample),
    section("Usage", [[usageOf(entry), ""]], style),
    section(
      "Arguments",
      positional.map(({ name, help, choices }) => [name, sentence(help) + noteList([oneOf(choices)])]),
      style,
    ),
    section("Options", [...options.map(optionLine), ...commonOptions], style),
  ]);
}

function usageOf({ path, usage, aliases = [] }: CommandEntry): string {
  const line = `hostler ${[path, usage, "[options]"].filter((part) => part !== "").join(" ")}`;
  return aliases.length === 0 ? line : `${line}   (also: ${aliases.join(", ")})`;
}

function exampleLines(examples: readonly Example[]): readonly Line[] {
  return examples.map(({ line, note }) => [`hostler ${line}`, note]);
}

function commandLines(entries: readonly Pick<CommandEntry, "path" | "usage" | "summary">[]): readonly Line[] {
  return entries.map(({ path, usage, summary }) => [`${path} ${usage}`.trimEnd(), sentence(summary)]);
}

function optionLine({ flags, help, choices, fallback, variable, note }: Option<unknown>): Line {
  const notes = [
    oneOf(choices),
    fallback === undefined ? undefined : `default ${String(fallback)}`,
    variable === undefined ? undefined : `env ${variable}`,
    note,
  ];
  const name = flags.startsWith("--") ? `    ${flags}` : flags;
  return [name, sentence(help) + noteList(notes)];
}

function oneOf(choices: readonly string[] | undefined): string | undefined {
  return choices === undefined ? undefined : `one of ${choices.join(", ")}`;
}

/** As ` (one of table, json; default table)`. */
function noteList(notes: readonly (string | undefined)[]): string {
  const said = notes.filter((note) => note !== undefined);
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}

/** Helps come from several tables: they look alike here. */
function sentence(help: string): string {
  return help.charAt(0).toUpperCase() + help.slice(1).replace(/\.$/, "");
}

export function page(title: string, parts: readonly string[], end = ""): string {
  return `${[title, ...parts, end].filter((part) => part !== "").join("\n\n")}\n`;
}

/** A heading and two columns; a left side that is too wide gets a line of its own. */
export function section(
  title: string,
  lines: readonly Line[],
  style: HelpStyle,
  widestLeft = widestName,
): string {
  if (lines.length === 0) return "";
  const left = Math.min(widestLeft, Math.max(...lines.map(([name]) => name.length)));
  const room = Math.max(20, widthOf(style) - indent.length - left - 2);
  const body = lines.flatMap(([name, note]) => {
    const notes = wrap(note, room);
    const rest = notes.slice(name.length > left ? 0 : 1);
    const first = name.length > left ? name : `${name.padEnd(left)}  ${notes[0] ?? ""}`;
    return [first, ...rest.map((line) => `${" ".repeat(left)}  ${line}`)];
  });
  return [style.colors.bold(title), ...body.map((line) => (indent + line).trimEnd())].join("\n");
}

export function wrapped(text: string, style: HelpStyle): string {
  return wrap(text, widthOf(style)).join("\n");
}

function widthOf({ columns }: HelpStyle): number {
  return Math.min(widestPage, Math.max(40, columns));
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
