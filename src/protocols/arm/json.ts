import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";

/**
 * Reads a body as Azure does, which takes line breaks inside of texts: scripts put a whole conda file into a request
 * that way.
 *
 * @throws ServingError MALFORMED_JSON
 */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return parseWithLineBreaks(text);
  }
}

function parseWithLineBreaks(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(jsonText, (literal) => literal.replaceAll(control, escaped)));
  } catch (error) {
    throw new ServingError("MALFORMED_JSON", `The body is not JSON: ${ServingError.from(error).message}`, {
      field: "body",
    });
  }
}

/** A text with its quotes, up to the quote that no backslash stands before. */
const jsonText = /"[^"\\]*(?:\\.[^"\\]*)*"/gs;
const control = /[\u0000-\u001f]/g;

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}

/** Checks a value; the first thing that is wrong becomes an INVALID_REQUEST that names the field. */
export function validated<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined ? "" : z.core.toDotPath(issue.path);
  const reason = issue?.message ?? "is wrong";
  throw new ServingError("INVALID_REQUEST", field === "" ? reason : `${field}: ${reason}`, {
    field: field === "" ? "body" : field,
  });
}

/** Tags, properties, environment variables: numbers and booleans become text, null is left out. */
export const textMapSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .nullish()
  .transform((map) =>
    Object.fromEntries(
      Object.entries(map ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]])),
    ),
  );

/**
 * A word of a fixed list, however it is spelled: `AMLToken`, `amltoken` and `aml_token` are one.
 *
 * @param words what comes over the wire in lower case without marks, and what it means here
 */
export function wordSchema<Word extends string>(
  words: Readonly<Record<string, Word>>,
): z.ZodType<Word | undefined> {
  return z
    .string()
    .nullish()
    .transform((text, context) => {
      if (text === null || text === undefined || text === "") return undefined;
      const spelled = text.toLowerCase().replaceAll(/[^a-z]/g, "");
      const word = Object.hasOwn(words, spelled) ? words[spelled] : undefined;
      if (word === undefined) {
        context.addIssue(`expected one of ${Object.keys(words).join(", ")}, got ${text.slice(0, 80)}`);
      }
      return word;
    });
}

/** RFC 7396: null takes away, objects are merged, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, key);
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
