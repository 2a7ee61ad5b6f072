/** Keys and indices from the top of a JSON text to a value in it. */
export type JsonPath = readonly (string | number)[];

export interface JsonMistake {
  readonly offset: number;
  readonly reason: string;
  readonly hint?: string;
}

/** Why a text is not strict JSON, which `JSON.parse` often says without a place; undefined where it is. */
export function findJsonMistake(text: string): JsonMistake | undefined {
  try {
    new JsonScanner(text, []).scan();
    return undefined;
  } catch (error) {
    if (error instanceof ScanError) return error.mistake;
    throw error;
  }
}

/** Offsets of a value and of its key in a text that is JSON; of the deepest part of `path` that is there. */
export function findInJson(text: string, path: JsonPath): { readonly key: number; readonly value: number } {
  const scanner = new JsonScanner(text, path);
  scanner.scan();
  return { key: scanner.keyOffset, value: scanner.valueOffset };
}

class ScanError extends Error {
  readonly mistake: JsonMistake;

  constructor(mistake: JsonMistake) {
    super(mistake.reason);
    this.mistake = mistake;
  }
}

/** No settings nest this deep; it keeps a hostile file from exhausting the stack. */
const deepest = 500;

const patterns = {
  space: /[ \t\r\n]*/y,
  number: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y,
  word: /[A-Za-z_$][\w$]*/y,
  plain: /[^"\\\u0000-\u001F]*/y,
  escape: /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y,
};

const words = new Set(["true", "false", "null"]);

/** A strict JSON reader that builds nothing: it finds mistakes, and the place of one value. */
class JsonScanner {
  keyOffset = 0;
  valueOffset = 0;
  readonly #text: string;
  readonly #path: JsonPath;
  /** How much of the path the place found so far has matched. */
  #matched = 0;
  #at = 0;

  constructor(text: string, path: JsonPath) {
    this.#text = text;
    this.#path = path;
  }

  scan(): void {
    this.#skipSpace();
    this.keyOffset = this.valueOffset = this.#at;
    this.#value(0, true);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail(`unexpected ${this.#seen()} after the end`);
  }

  /** `isOnPath`: everything above this value is on the path that is looked for. */
  #value(depth: number, isOnPath: boolean): void {
    if (depth > deepest) this.#fail(`nested more than ${String(deepest)} deep`);
    const first = this.#text[this.#at];
    if (first === "{") this.#object(depth, isOnPath);
    else if (first === "[") this.#array(depth, isOnPath);
    else if (first === '"') this.#string();
    else this.#scalar();
  }

  #object(depth: number, isOnPath: boolean): void {
    this.#items("}", (isFirst) => {
      const keyOffset = this.#at;
      if (this.#text[this.#at] !== '"') this.#fail(...this.#badKey(isFirst));
      const key: unknown = JSON.parse(this.#string());
      this.#skipSpace();
      if (!this.#take(":")) this.#fail(`expected ":" after the key, got ${this.#seen()}`);
      this.#skipSpace();
      this.#child(key, keyOffset, { depth, isOnPath });
    });
  }

  #array(depth: number, isOnPath: boolean): void {
    let index = 0;
    this.#items("]", () => {
      this.#child(index, this.#at, { depth, isOnPath });
      index++;
    });
  }

  #child(
    key: unknown,
    keyOffset: number,
    above: { readonly depth: number; readonly isOnPath: boolean },
  ): void {
    const isOnPath = above.isOnPath && above.depth < this.#path.length && this.#path[above.depth] === key;
    if (isOnPath && above.depth + 1 >= this.#matched) {
      this.#matched = above.depth + 1;
      this.keyOffset = keyOffset;
      this.valueOffset = this.#at;
    }
    this.#value(above.depth + 1, isOnPath);
  }

  /** What objects and arrays share: an opening bracket, items between commas, a closing one. */
  #items(close: "}" | "]", item: (isFirst: boolean) => void): void {
    this.#at++;
    this.#skipSpace();
    if (this.#take(close)) return;
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst && this.#text[this.#at] === close)
        this.#fail("a comma before the closing bracket", "Remove the comma.");
      item(isFirst);
      this.#skipSpace();
      if (this.#take(close)) return;
      if (!this.#take(","))
        this.#fail(`expected "," or "${close}", got ${this.#seen()}`, ...this.#commaAdvice());
      this.#skipSpace();
    }
  }

  /** Returns the string as it stands, quotes and escapes included. */
  #string(): string {
    const start = this.#at++;
    for (;;) {
      this.#match(patterns.plain);
      if (this.#take('"')) return this.#text.slice(start, this.#at);
      if (this.#match(patterns.escape) !== "") continue;
      if (this.#at >= this.#text.length) this.#fail("a string does not end");
      if (this.#text[this.#at] === "\\")
        this.#fail("an unknown escape in a string", 'Write a backslash as "\\\\".');
      this.#fail("a line break or control character in a string", 'Write it as "\\n" or "\\uXXXX".');
    }
  }

  #scalar(): void {
    if (this.#match(patterns.number) !== "") return;
    const start = this.#at;
    if (words.has(this.#match(patterns.word))) return;
    this.#at = start;
    this.#fail(`expected a value, got ${this.#seen()}`, ...this.#advice());
  }

  #badKey(isFirst: boolean): [string, string?] {
    const expected = isFirst ? 'a key in double quotes or "}"' : "a key in double quotes";
    return [`expected ${expected}, got ${this.#seen()}`, ...this.#advice()];
  }

  /** What to do about the usual JavaScript-isms. */
  #advice(): [] | [string] {
    if (/^(?:\/\/|\/\*|#)/.test(this.#text.slice(this.#at, this.#at + 2)))
      return ["JSON has no comments: remove it."];
    if (this.#text[this.#at] === "'") return ["Use double quotes."];
    const start = this.#at;
    const word = this.#match(patterns.word);
    this.#at = start;
    if (word === "") return [];
    const lower = word.toLowerCase();
    return [words.has(lower) ? `Write ${lower}.` : `Write "${word}".`];
  }

  #commaAdvice(): [] | [string] {
    return this.#text[this.#at] === '"' ? ["A comma is missing before it."] : this.#advice();
  }

  #seen(): string {
    if (this.#text[this.#at] === '"') return "a string";
    const start = this.#at;
    const word = this.#match(patterns.word);
    this.#at = start;
    if (word !== "") return word;
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? "the end" : JSON.stringify(String.fromCodePoint(code));
  }

  #skipSpace(): void {
    this.#match(patterns.space);
  }

  #take(text: string): boolean {
    if (this.#text[this.#at] !== text) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #fail(reason: string, hint?: string): never {
    throw new ScanError({ offset: this.#at, reason, ...(hint === undefined ? {} : { hint }) });
  }
}
