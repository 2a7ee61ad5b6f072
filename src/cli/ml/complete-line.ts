import type { Answer, Suggestion } from "../completion/suggestion.ts";
import type { Flag } from "./grammar/flag.ts";
import { globalFlags } from "./grammar/global-flags.ts";
import type { Line, Noun, Verb } from "./grammar/verb.ts";

/** Answers for the last of the words that follow the program's name, which may be empty or half typed. */
export function completeLine({ nouns }: Line, words: readonly string[]): Answer {
  const current = words.at(-1) ?? "";
  const [first, second, ...before] = words.slice(0, -1);
  const noun = nouns.find(({ name }) => name === first);
  if (noun === undefined) {
    const all = nouns.map(({ name, summary }) => ({ value: name, note: summary }));
    return first === undefined ? startingWith(current, all) : [];
  }
  const verb = noun.verbs.find(({ path }) => path === `${noun.name} ${second ?? ""}`);
  if (verb === undefined) return second === undefined ? startingWith(current, verbsOf(noun)) : [];
  return ofVerb(verb, before.at(-1), current);
}

function verbsOf({ name, verbs }: Noun): readonly Suggestion[] {
  return verbs.map(({ path, summary }) => ({ value: path.slice(name.length + 1), note: summary }));
}

function ofVerb(verb: Verb, previous: string | undefined, current: string): Answer {
  const flags = Object.values({ ...verb.flags, ...globalFlags }).filter(({ isHidden }) => isHidden !== true);
  const before = flags.find(({ names, arity }) => arity !== "none" && names.includes(previous ?? ""));
  if (before !== undefined && !current.startsWith("-")) return valuesOf(before, current);
  return startingWith(
    current,
    flags.map(({ names, help }) => ({ value: names[0] ?? "", note: help })),
  );
}

function valuesOf({ choices, completes }: Flag<unknown>, current: string): Answer {
  if (choices === undefined) return completes ?? [];
  return startingWith(
    current,
    choices.map((value) => ({ value, note: "" })),
  );
}

function startingWith(start: string, suggestions: readonly Suggestion[]): readonly Suggestion[] {
  return suggestions.filter(({ value }) => value.startsWith(start));
}
