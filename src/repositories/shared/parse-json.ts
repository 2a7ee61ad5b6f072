import type { Json } from "../../contracts/parameters.ts";

/** `JSON.parse` with the type of what it can return. */
export function parseJson(text: string): Json {
  const value: unknown = JSON.parse(text);
  if (isJson(value)) return value;
  throw new SyntaxError("JSON.parse returned nothing.");
}

/** Whether a JSON value is an object. */
export function isJsonObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Only for what came out of `JSON.parse`: it returns JSON or throws, and looking again would cost as much. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}
