import type { Parameters } from "../../../../contracts/parameters.ts";
import { ServingError } from "../../../../contracts/serving-error.ts";

/** What the fields of a parsed V2 request have in common. */

/** Parameters go to the worker as they are, and its parser has a stack that ends. */
const maxParameterDepth = 32;

export type Fields = Readonly<Record<string, unknown>>;

/** @throws ServingError where it is neither left out nor an object that a parser can take */
export function readParameters(value: unknown, field: string): Parameters | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isParameters(value)) throw ServingError.wrongValue(field, "an object", value);
  if (isDeeper(value, maxParameterDepth)) {
    throw ServingError.invalidField(field, `at most ${String(maxParameterDepth)} levels of nesting`, "more");
  }
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

export function readObject(value: unknown, field: string): Fields {
  if (!isObject(value)) throw ServingError.wrongValue(field, "an object", value);
  return value;
}

export function readList(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw ServingError.wrongValue(field, "an array", value);
  return value;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What JSON.parse made is JSON. */
function isParameters(value: unknown): value is Parameters {
  return isObject(value);
}
