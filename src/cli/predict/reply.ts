import { type OutputFormat, serialize } from "../output.ts";
import { formatTable } from "../table.ts";

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly unknown[];
  readonly data: unknown;
}

const shownValues = 10;

/** A V2 answer as it is printed. `json` is the server's own text: no digit of a number is lost on the way. */
export async function formatReply(
  text: string,
  { output, quiet }: { readonly output: OutputFormat; readonly quiet: boolean },
): Promise<string> {
  if (output === "json" && !quiet) return `${text.trimEnd()}\n`;
  const reply: unknown = JSON.parse(text);
  if (output === "yaml" && !quiet) return await serialize(reply, "yaml");
  const outputs = outputsOf(reply);
  if (quiet) return outputs.map(({ data }) => `${JSON.stringify(data)}\n`).join("");
  return formatTable<Output>(
    [
      { title: "OUTPUT", cell: ({ name }) => name },
      { title: "DATATYPE", cell: ({ datatype }) => datatype },
      { title: "SHAPE", cell: ({ shape }) => JSON.stringify(shape) },
      { title: "DATA", cell: ({ data }) => shorten(data) },
    ],
    outputs,
  );
}

function outputsOf(reply: unknown): readonly Output[] {
  const outputs = member(reply, "outputs");
  return Array.isArray(outputs) ? outputs.map(outputOf) : [];
}

function outputOf(value: unknown): Output {
  const shape = member(value, "shape");
  return {
    name: String(member(value, "name")),
    datatype: String(member(value, "datatype")),
    shape: Array.isArray(shape) ? shape : [],
    data: member(value, "data"),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function shorten(data: unknown): string {
  if (!Array.isArray(data)) return JSON.stringify(data);
  const shown = data.slice(0, shownValues).map((value) => JSON.stringify(value));
  const rest = data.length - shown.length;
  return `${shown.join(", ")}${rest > 0 ? `, … (${String(rest)} more)` : ""}`;
}
