import type { Colors } from "../../terminal.ts";
import type { OutputFormat } from "../grammar/global-flags.ts";
import { MlError } from "../ml-error.ts";
import { type JsonValue, withSortedKeys } from "./json-value.ts";
import { formatTable } from "./table.ts";
import { formatTsv } from "./tsv.ts";

export interface RenderOptions {
  readonly format: OutputFormat;
  /** Whether a query chose what is printed: then its order is kept in rows and columns. */
  readonly isQueried: boolean;
  /** What a table shows where no query chose; left out, all that is flat. */
  readonly columns?: readonly string[] | undefined;
  readonly colors: Colors;
}

/** A result as the text that is printed. */
export async function render(value: JsonValue, options: RenderOptions): Promise<string> {
  switch (options.format) {
    case "none":
      return "";
    case "json":
      return formatJson(value);
    case "jsonc":
      return colored(formatJson(value), options.colors);
    case "yaml":
    case "yamlc":
      return await formatYaml(value);
    case "tsv":
      return formatTsv(value, options.isQueried);
    case "table":
      return formatTable(value, options) ?? refuseTable();
  }
}

function formatJson(value: JsonValue): string {
  return `${JSON.stringify(withSortedKeys(value), null, 2)}\n`;
}

/** Keys and text apart, for people who read. */
function colored(json: string, { cyan, green }: Colors): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")(:?)/g, (_, text: string, colon: string) =>
    colon === "" ? green(text) : `${cyan(text)}${colon}`,
  );
}

async function formatYaml(value: JsonValue): Promise<string> {
  const { default: yaml } = await import("yaml");
  const style = { version: "1.1", indentSeq: false, singleQuote: true, lineWidth: 0 } as const;
  const text = yaml.stringify(withSortedKeys(value), style);
  // PyYAML ends a bare word with the mark that nothing follows.
  return typeof value === "object" || /^['"|>]/.test(text) ? text : `${text}...\n`;
}

function refuseTable(): never {
  throw new MlError("Table output unavailable.", {
    hint: "Use the --query option to choose something flat, or -o json.",
  });
}
