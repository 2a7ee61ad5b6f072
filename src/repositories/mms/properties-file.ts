import { Complaint } from "../shared/complaint.ts";

/** A key of a Java properties file, and where it stands. */
export interface Property {
  readonly key: string;
  readonly value: string;
  /** `file:line`. */
  readonly where: string;
}

/**
 * Reads Java's properties format: `key=value`, `key: value` or `key value`, `#` and `!` for comments, a backslash at the
 * end of a line that goes on, and Java's escapes. Of a key that is there twice the last one counts, as in Java.
 *
 * @param file as messages name it
 * @throws Complaint for an escape that is none
 */
export function readProperties(text: string, file: string): ReadonlyMap<string, Property> {
  const properties = new Map<string, Property>();
  for (const { text: line, number } of logicalLines(text)) {
    const where = `${file}:${String(number)}`;
    const { rawKey, rawValue } = split(line);
    const key = unescaped(rawKey, where);
    properties.set(key, { key, value: unescaped(rawValue, where), where });
  }
  return properties;
}

interface LogicalLine {
  readonly text: string;
  /** Of its first natural line, counted from 1. */
  readonly number: number;
}

/** Lines without comments, each with those that continue it. */
function logicalLines(text: string): readonly LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: LogicalLine | null = null;
  for (const [index, natural] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = natural.replace(/^[ \t\f]+/, "");
    if (open === null && (line === "" || /^[#!]/.test(line))) continue;
    const goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
    const piece = goesOn ? line.slice(0, -1) : line;
    const whole: LogicalLine = { text: (open?.text ?? "") + piece, number: open?.number ?? index + 1 };
    if (!goesOn) lines.push(whole);
    open = goesOn ? whole : null;
  }
  if (open !== null) lines.push(open);
  return lines;
}

/** The first `=`, `:` or blank that is not escaped ends the key. */
function split(line: string): { readonly rawKey: string; readonly rawValue: string } {
  const rawKey = /^(?:\\.|[^\\=: \t\f])*/.exec(line)?.[0] ?? "";
  return { rawKey, rawValue: line.slice(rawKey.length).replace(/^[ \t\f]*(?:[=:][ \t\f]*)?/, "") };
}

const named: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
  ["f", "\f"],
]);

function unescaped(text: string, where: string): string {
  return text.replace(/\\(u([0-9a-fA-F]{4})?|.)?/g, (all: string, letter?: string, digits?: string) => {
    if (letter === undefined) return "";
    if (!letter.startsWith("u")) return named.get(letter) ?? letter;
    if (digits === undefined) {
      throw new Complaint({
        where,
        reason: `${all} is not followed by four hexadecimal digits`,
        hint: "Write a backslash as \\\\.",
      });
    }
    return String.fromCharCode(Number.parseInt(digits, 16));
  });
}
