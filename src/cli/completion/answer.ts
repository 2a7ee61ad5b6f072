import type { Command, CommandEntry, CommandTable } from "../framework/command.ts";
import { type Argument, longName, type Option } from "../framework/option.ts";
import { pathAnswers } from "./scripts.ts";
import type { Answer, Suggestion } from "./suggestion.ts";

/** Names of the models of a running server; empty when none answers. */
export type ModelNames = () => Promise<readonly string[]>;

/** What a shell prints an answer from: a word and a note a line. */
export function formatAnswer(answer: Answer): string {
  if (typeof answer === "string") return `${pathAnswers[answer]}\n`;
  return answer.map(({ value, note }) => `${value}\t${note}\n`).join("");
}

/** Answers for the last of the words that follow `hostler`, which may be empty or half typed. */
export async function answer(
  table: CommandTable,
  typed: readonly string[],
  models: ModelNames,
): Promise<Answer> {
  // Bash makes a word of the "=" in --output=json.
  const words = typed.filter((word, index) => word !== "=" || index === typed.length - 1);
  const current = words.at(-1)?.replace(/^=$/, "") ?? "";
  const before = words.slice(0, -1);
  const foreign = table.foreign?.find(({ path }) => path === before[0]);
  if (foreign !== undefined) return (await foreign.load()).complete([...before.slice(1), current]);
  const positional = before.filter((word) => !word.startsWith("-"));
  const entry = entryOf(table, positional);
  if (entry === undefined) return startingWith(current, nextWords(table, positional));
  const command = await entry.load();
  const options = Object.values(command.options).filter(({ isHidden }) => isHidden !== true);
  const previous = options.find((option) => namesOf(option).includes(before.at(-1) ?? ""));
  if (previous !== undefined && takesValue(previous)) return valuesOf(previous, current);
  if (current.startsWith("-")) return startingWith(current, options.map(suggestOption));
  return await positionalValues(positionalOf(command, entry, before), current, models);
}

function entryOf(
  { entries }: CommandTable,
  [first = "", second = ""]: readonly string[],
): CommandEntry | undefined {
  return entries.find(
    ({ path, aliases = [] }) => path === `${first} ${second}` || path === first || aliases.includes(first),
  );
}

/** Commands and nouns, or the verbs of a noun. */
function nextWords(
  { entries, groups, foreign = [] }: CommandTable,
  [noun]: readonly string[],
): readonly Suggestion[] {
  if (noun !== undefined) {
    const verbs = entries.filter(({ path }) => path.startsWith(`${noun} `));
    return verbs.map(({ path, summary }) => ({ value: path.slice(noun.length + 1), note: summary }));
  }
  const commands = entries.filter(({ path }) => !path.includes(" "));
  return [
    ...[...commands, ...foreign.filter(({ isHidden }) => isHidden !== true)].map(({ path, summary }) => ({
      value: path,
      note: summary,
    })),
    ...Object.entries(groups).map(([value, note]) => ({ value, note })),
  ];
}

/** The argument that the current word is for. */
function positionalOf(
  command: Command,
  { path }: CommandEntry,
  before: readonly string[],
): Argument<unknown> | undefined {
  const options = Object.values(command.options);
  const isValue = (index: number): boolean =>
    options.some((option) => takesValue(option) && namesOf(option).includes(before[index - 1] ?? ""));
  const words = before.filter((word, index) => !word.startsWith("-") && !isValue(index));
  return Object.values(command.arguments)[words.length - path.split(" ").length];
}

async function positionalValues(
  argument: Argument<unknown> | undefined,
  current: string,
  models: ModelNames,
): Promise<Answer> {
  if (argument?.choices !== undefined) return startingWith(current, plain(argument.choices));
  switch (argument?.completes) {
    case "file":
    case "folder":
      return argument.completes;
    case "model":
      // A folder can stand for a model, and looks like one.
      return /[./]/.test(current.charAt(0)) ? "folder" : startingWith(current, plain(await models()));
    case undefined:
      return [];
  }
}

function valuesOf({ choices, flags }: Option<unknown>, current: string): Answer {
  if (choices !== undefined) return startingWith(current, plain(choices));
  if (/<(?:folder|dir)/.test(flags)) return "folder";
  return /<(?:path|file|interpreter)/.test(flags) ? "file" : [];
}

function suggestOption({ flags, help }: Option<unknown>): Suggestion {
  return { value: longName(flags), note: help };
}

/** `-o` and `--output` of `-o, --output <format>`. */
function namesOf({ flags }: Option<unknown>): readonly string[] {
  return flags.match(/--?[\w-]+/g) ?? [];
}

function takesValue({ flags }: Option<unknown>): boolean {
  return flags.includes("<");
}

function plain(values: readonly string[]): readonly Suggestion[] {
  return values.map((value) => ({ value, note: "" }));
}

function startingWith(start: string, suggestions: readonly Suggestion[]): readonly Suggestion[] {
  return suggestions.filter(({ value }) => value.startsWith(start));
}
