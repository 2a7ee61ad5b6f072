import { parse } from "yaml";
import { ServingError } from "../../contracts/serving-error.ts";

/** The parameters of a request to the management API, from its query or its JSON body. */
export interface MmsParameters {
  text(name: string): string | undefined;
  /** A whole number. */
  integer(name: string): number | undefined;
  flag(name: string): boolean | undefined;
}

/** Of a query, what cannot be read counts as left out: so it is in Multi Model Server. */
export function queryParameters(query: string): MmsParameters {
  const values = new URLSearchParams(query);
  const text = (name: string): string | undefined => values.get(name) ?? undefined;
  return {
    text,
    integer: (name) => integerIn(text(name)),
    flag: (name) => flagIn(text(name)),
  };
}

/**
 * A JSON body, read as leniently as Gson reads it: single quotes, names without quotes, numbers in quotes.
 *
 * @throws ServingError MALFORMED_JSON; the accessors throw INVALID_REQUEST
 */
export function bodyParameters(body: string): MmsParameters {
  const fields = fieldsOf(body);
  const value = (name: string): unknown => fields.get(name) ?? undefined;
  return {
    text: (name) => {
      const found = value(name);
      if (found === undefined || typeof found === "string") return found;
      if (typeof found === "number" || typeof found === "boolean") return String(found);
      throw ServingError.wrongValue(name, "a text", found);
    },
    integer: (name) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const number = integerIn(typeof found === "number" ? String(found) : found);
      if (number !== undefined) return number;
      throw ServingError.wrongValue(name, "a whole number", found);
    },
    flag: (name) => {
      const found = value(name);
      return typeof found === "boolean" ? found : flagIn(found);
    },
  };
}

function integerIn(text: unknown): number | undefined {
  return typeof text === "string" && /^[+-]?\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}

function flagIn(text: unknown): boolean | undefined {
  return typeof text === "string" ? text.toLowerCase() === "true" : undefined;
}

function fieldsOf(body: string): ReadonlyMap<string, unknown> {
  const value = lenientJson(body);
  if (value === null || value === undefined) return new Map();
  if (typeof value !== "object" || Array.isArray(value)) {
    throw ServingError.wrongValue("body", "a JSON object", value);
  }
  return new Map(Object.entries(value));
}

/** What strict JSON does not have is in YAML, of which JSON is a part. */
function lenientJson(body: string): unknown {
  try {
    return body.trim() === "" ? null : JSON.parse(body);
  } catch (error) {
    const { message } = ServingError.from(error);
    if (!body.trimStart().startsWith("{")) throw malformed(message);
    try {
      return parse(body, { schema: "core", logLevel: "error", maxAliasCount: 0 });
    } catch {
      throw malformed(message);
    }
  }
}

function malformed(reason: string): ServingError {
  return new ServingError("MALFORMED_JSON", `body: ${reason}`, { field: "body" });
}
