import type { z } from "zod";
import type { ErrorCode } from "../../contracts/errors.ts";
import { ServingError } from "../../contracts/serving-error.ts";

/** Reads JSON; an empty body is an empty object. @throws ServingError MALFORMED_JSON, INVALID_REQUEST */
export function decodeBody<Value>(bytes: Buffer, schema: z.ZodType<Value>, fill: object = {}): Value {
  const value = bytes.byteLength === 0 ? {} : parseJson(bytes);
  if (!isObject(value)) throw ServingError.wrongValue("body", "an object", value);
  for (const [name, fromPath] of Object.entries(fill)) {
    const given: unknown = value[name];
    if (given === undefined || isSameName(given, fromPath)) continue;
    throw ServingError.wrongValue(name, `${String(fromPath)}, as in the path`, given);
  }
  return decode({ ...value, ...fill }, schema);
}

/** Case is no difference: names of endpoints and deployments have none. */
function isSameName(given: unknown, fromPath: unknown): boolean {
  const [one, other] = [given, fromPath].map((name) =>
    typeof name === "string" ? name.toLowerCase() : name,
  );
  return one === other;
}

/** @throws ServingError INVALID_REQUEST that names the first wrong field */
export function decode<Value>(value: unknown, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw ServingError.wrongValue("body", "something else", value);
  throw ServingError.wrongValue(fieldOf(issue), expectedOf(issue), valueAt(value, issue.path));
}

/** A name of the path; where it breaks the rules there is nothing with it. @throws ServingError with that code */
export function decodeName<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  missing: ErrorCode,
  noun: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ServingError(missing, `There is no ${noun} ${JSON.stringify(text.slice(0, 80))}.`, {
    got: text.slice(0, 80),
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new ServingError("MALFORMED_JSON", "The body is not JSON.", {}, { cause: error });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `steps[0]`. */
function fieldOf({ path }: z.core.$ZodIssue): string {
  const field = path.reduce<string>((before, part) => {
    if (typeof part === "number") return `${before}[${String(part)}]`;
    return before === "" ? String(part) : `${before}.${String(part)}`;
  }, "");
  return field === "" ? "body" : field;
}

function expectedOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return typeNames[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value") return issue.values.map(String).join(" or ");
  if (issue.code === "too_small") return `at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
  if (issue.code === "too_big") return `at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
  return issue.message;
}

/** What came, before anything was made of it. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined),
    value,
  );
}

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " elements" : "";
}
