import { MlError } from "../ml-error.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** `KEY=VALUE` words, split at the first equals sign; `flag` is as `--set`. */
export function keyValues(flag: string, words: readonly string[]): readonly KeyValue[] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at > 0) return { key: word.slice(0, at), value: word.slice(at + 1) };
    throw new MlError(`usage error: ${flag} KEY=VALUE [KEY=VALUE ...]`, {
      hint: `${JSON.stringify(word)} has no key, or no equals sign.`,
    });
  });
}

/** The same as a mapping; a word without an equals sign is a key without a value, as tags allow. */
export function tagsOf(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const [key = "", ...rest] = word.split("=");
      return [key, rest.join("=")];
    }),
  );
}
