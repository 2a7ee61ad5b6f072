import type { Json } from "../../../../../contracts/parameters.ts";

const spaces = ["", "", "", " ", "\n", "\t", "\r\n  "];

/**
 * A JSON text of a value, as somebody might write it who does not use JSON.stringify: with spaces anywhere, and with
 * escapes where none are needed. The choices are taken from a list of numbers, over and over.
 */
export function scribble(value: Json, choices: readonly number[]): string {
  const writer = new Scribbler(choices);
  return writer.space() + writer.value(value) + writer.space();
}

class Scribbler {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  space(): string {
    return spaces[this.#choose() % spaces.length] ?? "";
  }

  value(value: Json): string {
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const members = isList(value)
      ? value.map((element) => this.space() + this.value(element) + this.space())
      : Object.entries(value).map(([key, member]) => this.#member(key, member));
    return isList(value) ? `[${members.join(",")}]` : `{${members.join(",")}}`;
  }

  /** Keys stay as they are: one with an escape is left to the parser, and tested there. */
  #member(key: string, value: Json): string {
    return `${this.space()}${JSON.stringify(key)}${this.space()}:${this.space()}${this.value(value)}${this.space()}`;
  }

  #text(text: string): string {
    const plain = JSON.stringify(text);
    if (plain.includes("\\")) return plain;
    return plain.replace(/[a-z[\]{}]/g, (character) =>
      this.#choose() % 9 === 8 ? escaped(character) : character,
    );
  }

  #choose(): number {
    this.#at += 1;
    return this.#choices[this.#at % Math.max(1, this.#choices.length)] ?? 0;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
