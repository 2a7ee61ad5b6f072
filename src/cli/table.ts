import { printable } from "./printable.ts";

/** One column of a printed table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: "left" | "right";
  /** Colour, put on after the width was measured. */
  readonly paint?: (text: string, row: Row) => string;
}

const gap = "   ";

/** A table as kubectl prints one: upper-case titles, no borders, columns as wide as their widest cell. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const widths = columns.map(({ title, cell }) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(printable(cell(row))))),
  );
  const header = columns.map((column, index) => pad(column.title, widths[index] ?? 0, column.align));
  const lines = rows.map((row) =>
    columns.map(({ cell, align, paint }, index) => {
      const padded = pad(printable(cell(row)), widths[index] ?? 0, align);
      return paint === undefined ? padded : paintText(padded, (text) => paint(text, row));
    }),
  );
  return [header, ...lines].map((cells) => `${cells.join(gap).trimEnd()}\n`).join("");
}

/** One `title  value` line for each entry, for a single thing. */
export function formatFields(
  fields: readonly (readonly [title: string, value: string])[],
  paint: (value: string) => string = String,
): string {
  const width = Math.max(0, ...fields.map(([title]) => widthOf(title)));
  return fields.map(([title, value]) => `${pad(title, width)}${gap}${paint(printable(value))}\n`).join("");
}

/** Code points, which is what a terminal's columns are for the names that are allowed here. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const blank = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? blank + text : text + blank;
}

/** Keeps the padding out of the colour, so that trailing blanks can still be cut. */
function paintText(padded: string, paint: (text: string) => string): string {
  const text = padded.trim();
  return text === "" ? padded : padded.replace(text, () => paint(text));
}
