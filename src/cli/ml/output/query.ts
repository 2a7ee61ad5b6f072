import { MlError } from "../ml-error.ts";
import { type JsonValue, toJson } from "./json-value.ts";

/** What `--query` asks for, before anything is done: a query that cannot be read must not follow a deletion. */
export type Query = (data: JsonValue) => JsonValue;

export async function parseQuery(expression: string): Promise<Query> {
  // By its default: a bundle has no other name for what is imported from CommonJS when it is needed.
  const { default: jmespath } = await import("jmespath");
  const search = (data: JsonValue): JsonValue => toJson(jmespath.search(data, expression));
  try {
    search(null);
  } catch (error) {
    if (isSyntaxError(error)) throw wrongQuery(expression, error);
  }
  return (data) => {
    try {
      return search(data);
    } catch (error) {
      throw wrongQuery(expression, error);
    }
  };
}

/** The library tells a query that cannot be read from one that does not fit the data by the error's name only. */
function isSyntaxError(error: unknown): boolean {
  return error instanceof Error && ["ParserError", "LexerError"].includes(error.name);
}

function wrongQuery(expression: string, error: unknown): MlError {
  const reason = error instanceof Error ? error.message : String(error);
  return MlError.usage(`argument --query: invalid jmespath_type value: '${expression}' (${reason})`);
}
