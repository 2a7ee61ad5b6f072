import type { Json } from "../../contracts/parameters.ts";
import { Complaint } from "./complaint.ts";
import { findInJson, findJsonMistake, type JsonPath } from "./json-scanner.ts";
import { parseJson } from "./parse-json.ts";

/** A JSON file that knows where its values stand. Positions are found only when a message needs one. */
export class JsonDocument {
  readonly value: Json;
  readonly #text: string;
  readonly #file: string;

  /** `file` is how messages name it. Throws a {@link Complaint} where the text is not strict JSON. */
  constructor(text: string, file: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.#file = file;
    this.value = this.#parse();
  }

  /** `file:line:column` of the value at `path`, or of the nearest thing around it that is there. */
  whereValue(path: JsonPath): string {
    return this.#where(findInJson(this.#text, path).value);
  }

  /** `file:line:column` of the last key of `path`. */
  whereKey(path: JsonPath): string {
    return this.#where(findInJson(this.#text, path).key);
  }

  #parse(): Json {
    try {
      return parseJson(this.#text);
    } catch (error) {
      const mistake = findJsonMistake(this.#text) ?? { offset: 0, reason: String(error) };
      throw new Complaint({
        where: this.#where(mistake.offset),
        reason: `not JSON: ${mistake.reason}`,
        ...(mistake.hint === undefined ? {} : { hint: mistake.hint }),
      });
    }
  }

  #where(offset: number): string {
    const before = this.#text.slice(0, offset).split("\n");
    return `${this.#file}:${String(before.length)}:${String((before.at(-1)?.length ?? 0) + 1)}`;
  }
}
