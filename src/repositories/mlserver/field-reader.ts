import type { Json } from "../../contracts/parameters.ts";
import { Complaint } from "../shared/complaint.ts";
import { isJsonObject, parseJson } from "../shared/parse-json.ts";
import { type Decoder, nullable, objectField } from "./decoders.ts";
import type { Variable } from "./environment.ts";

type JsonObject = Readonly<Record<string, Json>>;

interface FieldReaderOptions {
  readonly object: JsonObject;
  /** What stands before the object's keys in messages, as `parameters.`. */
  readonly prefix: string;
  readonly whereValue: (key: string) => string;
  /** The variable that fills a field which the object leaves out. */
  readonly variable: (key: string) => Variable | undefined;
}

/** A variable that filled a field. */
export interface FilledField {
  readonly field: string;
  readonly variable: Variable;
}

/** Reads the fields of one object as pydantic does: what the file says, else what a variable says, else the default. */
export class FieldReader {
  readonly filled: FilledField[] = [];
  readonly #options: FieldReaderOptions;

  constructor(options: FieldReaderOptions) {
    this.#options = options;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#options.object);
  }

  /** What a field is set to, before it is decoded; undefined where it is not set. */
  find(key: string): Json | undefined {
    const { object, variable } = this.#options;
    return Object.hasOwn(object, key) ? object[key] : variable(key)?.value;
  }

  /** Where a field stands, or would. */
  where(key: string): string {
    const { object, whereValue, variable } = this.#options;
    return Object.hasOwn(object, key) ? whereValue(key) : (variable(key)?.origin ?? whereValue(key));
  }

  read<Value>(key: string, decoder: Decoder<Value>, otherwise: Value): Value {
    const { object, variable } = this.#options;
    if (Object.hasOwn(object, key)) return this.#decode(key, decoder, object[key] ?? null);
    const set = variable(key);
    if (set === undefined) return otherwise;
    this.#noteFilled(key, set);
    return this.#decode(key, decoder, rawOf(set, decoder, this.#options.prefix + key));
  }

  /** An object that a variable may fill in part: its own keys go before the variable's, at any depth. */
  readObject(key: string): JsonObject {
    const { object, prefix, variable } = this.#options;
    const own = Object.hasOwn(object, key) ? this.read(key, nullable(objectField), null) : undefined;
    const set = variable(key);
    if (set === undefined || own === null) return own ?? {};
    const field = prefix + key;
    const filling = rawOf(set, objectField, field);
    const { expected } = objectField;
    if (!isJsonObject(filling))
      throw Complaint.misfit({ where: set.origin, field, expected, got: set.value });
    this.#noteFilled(key, set);
    return merge(filling, own ?? {});
  }

  #decode<Value>(key: string, decoder: Decoder<Value>, raw: Json): Value {
    const value = decoder.decode(raw);
    if (value !== undefined) return value;
    const field = this.#options.prefix + key;
    const isBare = typeof raw === "number" || typeof raw === "boolean";
    const hint = isBare && decoder.decode("") !== undefined ? { hint: `Write "${String(raw)}".` } : {};
    throw Complaint.misfit({ where: this.where(key), field, expected: decoder.expected, got: raw, ...hint });
  }

  #noteFilled(key: string, variable: Variable): void {
    this.filled.push({ field: this.#options.prefix + key, variable });
  }
}

/** A variable's value: JSON where the field is a list or an object, as in pydantic. */
export function rawOf(variable: Variable, decoder: Decoder<unknown>, field: string): Json {
  if (!decoder.isJsonInVariables) return variable.value;
  try {
    return parseJson(variable.value);
  } catch {
    const expected = `${decoder.expected}, as JSON`;
    throw Complaint.misfit({ where: variable.origin, field, expected, got: variable.value });
  }
}

function merge(under: JsonObject, over: JsonObject): JsonObject {
  const merged = Object.entries(over).map(([key, value]): [string, Json] => {
    const below = under[key];
    return [key, isJsonObject(below) && isJsonObject(value) ? merge(below, value) : value];
  });
  return { ...under, ...Object.fromEntries(merged) };
}
