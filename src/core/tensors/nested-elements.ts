import { ServingError } from "../../contracts/serving-error.ts";

/** Deepest nesting of `data`; the protocol's shapes never come near it. */
const maxDepth = 32;

export type Elements = readonly unknown[];

/**
 * Row-major elements of evenly nested or flat arrays; a bare value is one element, as MLServer takes it.
 *
 * @param field path of the data, as `inputs[0].data`
 * @throws ServingError INVALID_REQUEST where rows differ in length, or values stand beside rows
 */
export function elementsOf(data: unknown, field: string): Elements {
  if (!isArray(data)) return [data];
  if (!data.some(isArray)) return data;
  let level = data;
  /** How many entries each entry has, from the outermost level on. */
  const widths: number[] = [];
  while (level.some(isArray)) {
    if (widths.length === maxDepth)
      throw ServingError.invalidField(field, `at most ${String(maxDepth)} levels of nesting`, "more");
    const { width, elements } = oneLevelLess(level, widths, field);
    widths.push(width);
    level = elements;
  }
  return level;
}

/** The entries of all the rows of a level, which are arrays of one length. */
function oneLevelLess(
  level: Elements,
  widths: readonly number[],
  field: string,
): { readonly width: number; readonly elements: Elements } {
  const elements: unknown[] = [];
  const [first] = level;
  const width = isArray(first) ? first.length : null;
  for (const [index, row] of level.entries()) {
    if (width === null && !isArray(row)) continue;
    if (!isArray(row) || row.length !== width) throw unevenEntry(row, width, field + pathOf(index, widths));
    for (const value of row) elements.push(value);
  }
  return { width: width ?? 0, elements };
}

function unevenEntry(entry: unknown, width: number | null, path: string): ServingError {
  const expected = width === null ? "a value" : `an array of ${String(width)}`;
  if (!isArray(entry)) return ServingError.wrongValue(path, `${expected}, as before it`, entry);
  return ServingError.invalidField(path, `${expected}, as before it`, `an array of ${String(entry.length)}`);
}

/** Where the entry of a flattened level stood: `[1][0]`. */
function pathOf(index: number, widths: readonly number[]): string {
  let rest = index;
  let path = "";
  for (const width of widths.toReversed()) {
    path = `[${String(rest % width)}]${path}`;
    rest = Math.floor(rest / width);
  }
  return `[${String(rest)}]${path}`;
}

function isArray(value: unknown): value is Elements {
  return Array.isArray(value);
}
