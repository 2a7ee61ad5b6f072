import { nearest } from "../../repositories/shared/nearest.ts";
import type { Line, Noun, Verb } from "./grammar/verb.ts";
import { MlError } from "./ml-error.ts";

/** What the words before the first flag name. */
export type Named =
  | { readonly kind: "verb"; readonly verb: Verb; readonly rest: readonly string[] }
  | { readonly kind: "noun"; readonly noun: Noun; readonly rest: readonly string[] }
  /** No word at all. */
  | { readonly kind: "nothing"; readonly rest: readonly string[] };

export function findVerb({ program, nouns }: Line, words: readonly string[]): Named {
  const [first, second, ...rest] = words;
  if (first === undefined || first.startsWith("-")) return { kind: "nothing", rest: words };
  const noun = nouns.find(({ name }) => name === first);
  if (noun === undefined) {
    throw unknown(
      first,
      program,
      nouns.map(({ name }) => name),
    );
  }
  if (second === undefined || second.startsWith("-")) {
    const alone = noun.verbs.find(({ path }) => path === first);
    return alone === undefined
      ? { kind: "noun", noun, rest: words.slice(1) }
      : { kind: "verb", verb: alone, rest: words.slice(1) };
  }
  const verb = noun.verbs.find(({ path }) => path === `${first} ${second}`);
  if (verb !== undefined) return { kind: "verb", verb, rest };
  throw unknown(
    second,
    `${program} ${first}`,
    noun.verbs.map(({ path }) => path.slice(first.length + 1)),
  );
}

function unknown(word: string, group: string, known: readonly string[]): MlError {
  const near = nearest(word, known);
  return MlError.usage(
    `'${word}' is misspelled or not recognized: it is nothing that ${group} knows.`,
    near === undefined ? `It knows ${known.join(", ")}.` : `Did you mean ${group} ${near}?`,
  );
}
