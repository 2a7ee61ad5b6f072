import { ServingError } from "../../../contracts/serving-error.ts";
import { parseJsonText } from "./json.ts";

/**
 * The value of each line that is not blank.
 *
 * @throws ServingError MALFORMED_JSON that names the line
 */
export function readJsonLines(text: string): readonly unknown[] {
  const values: unknown[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() !== "") values.push(parseJsonText(line, `Line ${String(index + 1)}`));
  }
  if (values.length === 0) throw ServingError.invalidField("body", "lines of JSON", "nothing");
  return values;
}
