import { isList, isObject, type JsonValue } from "./json-value.ts";

/** Keys that a table of Azure's leaves out. */
const skipped = new Set(["id", "type", "etag"]);
/** A title is never as wide as its column. */
const titlePadding = 2;
const gap = "  ";

export interface TableOptions {
  /** Whether a query chose what is shown, and its order. */
  readonly isQueried: boolean;
  /** What is shown otherwise; left out, all that is flat. */
  readonly columns?: readonly string[] | undefined;
}

type Row = Readonly<Record<string, string>>;

/** What is flat in a result, a row for each thing; undefined where there is nothing of the kind. */
export function formatTable(value: JsonValue, options: TableOptions): string | undefined {
  const things = isList(value) ? value : [value];
  const rows = things.map((thing) => rowOf(thing, options));
  const titles = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (titles.length === 0) return things.length === 0 ? "" : undefined;
  const widths = titles.map((title) =>
    Math.max(title.length + titlePadding, ...rows.map((row) => (row[title] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join(gap)
      .trimEnd();
  return [
    line(titles),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map((row) => line(titles.map((title) => row[title] ?? ""))),
    "",
  ].join("\n");
}

function rowOf(thing: JsonValue, { isQueried, columns }: TableOptions): Row {
  if (isList(thing)) {
    return Object.fromEntries(thing.map((cell, index) => [`Column${String(index + 1)}`, cellOf(cell)]));
  }
  if (!isObject(thing)) return { Result: cellOf(thing) };
  const keys = isQueried ? undefined : columns;
  const chosen = keys === undefined ? Object.entries(thing) : keys.map((key) => [key, thing[key]] as const);
  const entries = chosen.flatMap(([key, cell]) =>
    cell === undefined || cell === null || typeof cell === "object" || skipped.has(key)
      ? []
      : [[capitalized(key), cellOf(cell)] as const],
  );
  return Object.fromEntries(
    isQueried || keys !== undefined ? entries : entries.sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** As Python writes it. */
function cellOf(cell: JsonValue): string {
  if (cell === null) return "";
  if (typeof cell === "boolean") return capitalized(String(cell));
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
