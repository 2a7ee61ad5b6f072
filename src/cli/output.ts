import type { Context } from "./framework/command.ts";
import { choice, flag } from "./framework/option.ts";
import { type Column, formatTable } from "./table.ts";

const outputFormats = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** For every command that prints data. */
export const outputOption = choice({
  flags: "-o, --output <format>",
  help: "how to print it",
  choices: outputFormats,
  fallback: "table",
});

export const quietOption = flag({ flags: "-q, --quiet", help: "names only, one a line" });

/** One set of things, in each form it can be printed in. */
export interface Listing<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly nameOf: (row: Row) => string;
  /** What `-o json` and `-o yaml` print: stable, documented, more than the table shows. */
  readonly data: unknown;
  /** Said on standard error where there is no row. */
  readonly ifEmpty: string;
}

export interface PrintOptions {
  readonly output: OutputFormat;
  readonly quiet: boolean;
}

export async function printListing<Row>(
  listing: Listing<Row>,
  { output, quiet }: PrintOptions,
  { terminal }: Context,
): Promise<void> {
  if (quiet) {
    terminal.out.write(listing.rows.map((row) => `${listing.nameOf(row)}\n`).join(""));
  } else if (output !== "table") {
    terminal.out.write(await serialize(listing.data, output));
  } else if (listing.rows.length === 0) {
    terminal.err.write(`${listing.ifEmpty}\n`);
  } else {
    terminal.out.write(formatTable(listing.columns, listing.rows));
  }
}

export async function serialize(data: unknown, output: Exclude<OutputFormat, "table">): Promise<string> {
  if (output === "json") return `${JSON.stringify(data, null, 2)}\n`;
  // By its default: a bundle has no other name for what is imported from CommonJS when it is needed.
  const { default: yaml } = await import("yaml");
  return yaml.stringify(data);
}
