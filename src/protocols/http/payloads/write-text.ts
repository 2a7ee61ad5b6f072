import { ServingError } from "../../../contracts/serving-error.ts";
import type { Tensor } from "../../../core/tensors/tensor.ts";
import { cellText } from "./csv-cells.ts";
import type { JsonStyle } from "./json.ts";
import { csvElement, elementTexts, jsonRows, nestedJson } from "./rows.ts";

type Tensors = readonly Tensor[];

/** One line a row; several outputs stand side by side. */
export function writeCsv(outputs: Tensors): string {
  const columns = outputs.map(csvRows);
  let text = "";
  for (let row = 0; row < rowCount(outputs); row += 1) {
    text += `${columns.map((rows) => rows[row] ?? "").join(",")}\n`;
  }
  return text;
}

function csvRows(tensor: Tensor): readonly string[] {
  const texts = elementTexts(tensor, csvElement);
  const cells = tensor.datatype === "BYTES" ? texts.map(cellText) : texts;
  const [rows = 1] = tensor.shape;
  const width = rows === 0 ? 0 : cells.length / rows;
  return Array.from({ length: rows }, (_, row) => cells.slice(row * width, (row + 1) * width).join(","));
}

/** One JSON value a row: that of the only output, or an object of all. */
export function writeJsonLines(outputs: Tensors): string {
  return rowValues(outputs)
    .map((value) => `${value}\n`)
    .join("");
}

/** The answer to a request of this style. */
export function writeJson(outputs: Tensors, style: JsonStyle): string {
  switch (style) {
    case "instances":
      return `{"predictions":[${rowValues(outputs).join(",")}]}`;
    case "inputs":
      return `{"outputs":${byName(outputs)}}`;
    case "bare":
      return byName(outputs);
  }
}

function byName(outputs: Tensors): string {
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return nestedJson(only);
  return `{${outputs.map((output) => `${JSON.stringify(output.name)}:${nestedJson(output)}`).join(",")}}`;
}

function rowValues(outputs: Tensors): readonly string[] {
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return jsonRows(only);
  const columns = outputs.map((output) => ({ key: JSON.stringify(output.name), rows: jsonRows(output) }));
  return Array.from({ length: rowCount(outputs) }, (_, row) => {
    const fields = columns.map(({ key, rows }) => `${key}:${rows[row] ?? "null"}`);
    return `{${fields.join(",")}}`;
  });
}

/** @throws ServingError NOT_ACCEPTABLE where the outputs have no rows in common */
function rowCount(outputs: Tensors): number {
  const counts = new Set(outputs.map(({ shape: [rows = 1] }) => rows));
  if (counts.size > 1) {
    throw new ServingError(
      "NOT_ACCEPTABLE",
      "The outputs have different numbers of rows, which no type of rows can carry.",
      { field: "accept", hint: "Ask for V2 JSON, or for one output." },
    );
  }
  return [...counts][0] ?? 0;
}
