import { ServingError } from "../../../contracts/serving-error.ts";

/**
 * The cells of CSV as texts, quoted ones as RFC 4180 has them; for models that take texts.
 *
 * @throws ServingError INVALID_REQUEST for rows of different widths and for quotes that do not close
 */
export function readCells(text: string): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  let row: string[] = [];
  const pattern = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (pattern.lastIndex < text.length || row.length > 0) {
    const match = pattern.exec(text);
    if (match === null) throw wrongQuotes(rows.length + 1, row.length + 1);
    const [, quoted, plain = "", end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.length > 1 || row[0] !== "" || quoted !== undefined) rows.push(checkWidth(row, rows));
    row = [];
  }
  if (rows.length === 0) throw ServingError.invalidField("body", "rows", "nothing");
  return rows;
}

function checkWidth(
  row: readonly string[],
  [first = row]: readonly (readonly string[])[],
): readonly string[] {
  if (row.length === first.length) return row;
  throw ServingError.invalidField(
    "body",
    `rows of ${String(first.length)} columns`,
    `one of ${String(row.length)}`,
  );
}

function wrongQuotes(row: number, column: number): ServingError {
  const field = `row ${String(row)}, column ${String(column)}`;
  return ServingError.invalidField(field, "a cell, or one in double quotes", "a quote out of place");
}

/** A cell as RFC 4180 has it. */
export function cellText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
