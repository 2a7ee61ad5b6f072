import { ServingError } from "../../../contracts/serving-error.ts";

/** Rows of numbers. */
export interface NumberTable {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly values: Float64Array;
}

const code = {
  comma: 0x2c,
  lineFeed: 0x0a,
  return: 0x0d,
  quote: 0x22,
  point: 0x2e,
  plus: 0x2b,
  minus: 0x2d,
} as const;

/**
 * Reads CSV of numbers without a header, byte by byte. An empty cell, and `nan`, is a missing value.
 *
 * @throws ServingError INVALID_REQUEST that names row and column
 */
export function readNumberTable(body: Buffer): NumberTable {
  const values = new Float64Array(mostCells(body));
  let count = 0;
  let rows = 0;
  let columns = 0;
  let at = 0;
  while (at < body.length) {
    const end = lineEnd(body, at);
    const stop = body[end - 1] === code.return && end > at ? end - 1 : end;
    if (!isBlank(body, at, stop)) {
      rows += 1;
      const before = count;
      count = readLine({ body, row: rows, values }, { at, stop, count });
      if (rows === 1) columns = count;
      else if (count - before !== columns) throw wrongWidth(rows, columns, count - before);
    }
    at = end + 1;
  }
  if (rows === 0) throw ServingError.invalidField("body", "rows of numbers", "nothing");
  return { rows, columns, values: values.subarray(0, count) };
}

function mostCells(body: Buffer): number {
  let count = 1;
  let index = 0;
  while (index < body.length) {
    const byte = body[index];
    if (byte === code.comma || byte === code.lineFeed) count += 1;
    index += 1;
  }
  return count;
}

function lineEnd(body: Buffer, at: number): number {
  const end = body.indexOf(code.lineFeed, at);
  return end === -1 ? body.length : end;
}

function isBlank(body: Buffer, at: number, stop: number): boolean {
  for (let index = at; index < stop; index += 1) if (!isSpace(body[index])) return false;
  return true;
}

interface Line {
  readonly body: Buffer;
  readonly row: number;
  readonly values: Float64Array;
}

function readLine(line: Line, { at, stop, count }: { at: number; stop: number; count: number }): number {
  const { body, row, values } = line;
  const first = count;
  let start = at;
  for (let index = at; index <= stop; index += 1) {
    if (index < stop && body[index] !== code.comma) continue;
    const value = readCell(body, start, index);
    if (value === undefined) throw wrongCell(row, count - first + 1, body.toString("utf8", start, index));
    values[count] = value;
    count += 1;
    start = index + 1;
  }
  return count;
}

/** So many digits are exact in a double, and so are powers of ten up to 22: one division then rounds correctly. */
const exactDigits = 15;
const powers = Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent);

function readCell(body: Buffer, from: number, to: number): number | undefined {
  let start = from;
  let end = to;
  while (start < end && isSpace(body[start])) start += 1;
  while (start < end && isSpace(body[end - 1])) end -= 1;
  if (end - start >= 2 && body[start] === code.quote && body[end - 1] === code.quote) {
    start += 1;
    end -= 1;
  }
  if (start === end) return Number.NaN;
  const isNegative = body[start] === code.minus;
  const magnitude = readPlain(body, isNegative ? start + 1 : start, end);
  if (magnitude === undefined) return readAny(body.toString("latin1", start, end));
  return isNegative ? -magnitude : magnitude;
}

/** Digits with at most one point among them; undefined for all else, which is rarer. */
function readPlain(body: Buffer, start: number, end: number): number | undefined {
  if (end - start > exactDigits + 1) return undefined;
  let mantissa = 0;
  let digits = 0;
  let decimals = -1;
  for (let index = start; index < end; index += 1) {
    const byte = body[index] ?? 0;
    if (byte === code.point && decimals === -1) decimals = digits;
    else if (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + byte - 0x30;
      digits += 1;
    } else return undefined;
  }
  if (digits === 0 || digits > exactDigits) return undefined;
  return decimals === -1 ? mantissa : mantissa / (powers[digits - decimals] ?? 1);
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const words: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
]);

function readAny(text: string): number | undefined {
  if (numberPattern.test(text)) return Number(text);
  const word = words.get(text.toLowerCase().replace(/^[+-]/, ""));
  return word !== undefined && text.startsWith("-") ? -word : word;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function wrongWidth(row: number, columns: number, got: number): ServingError {
  return ServingError.invalidField(
    `row ${String(row)}`,
    `${String(columns)} columns, as in row 1`,
    String(got),
  );
}

function wrongCell(row: number, column: number, text: string): ServingError {
  const field = `row ${String(row)}, column ${String(column)}`;
  const got = JSON.stringify(text.slice(0, 40));
  const hint =
    row === 1
      ? "Rows come without a header and without labels; `text/csv; header=present` has the first line skipped."
      : undefined;
  return new ServingError("INVALID_REQUEST", `${field}: expected a number, got ${got}`, {
    field,
    expected: "a number",
    got,
    ...(hint === undefined ? {} : { hint }),
  });
}
