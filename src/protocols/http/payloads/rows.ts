import { ServingError } from "../../../contracts/serving-error.ts";
import { floatText } from "../../../core/tensors/json-writer.ts";
import { type Element, elementsOf } from "../../../core/tensors/elements.ts";
import type { Tensor } from "../../../core/tensors/tensor.ts";
import { datatypes } from "../../../contracts/datatypes.ts";

/** How one element is written. */
type ElementText = (element: Element, isFloat: boolean) => string;

const jsonElement: ElementText = (element, isFloat) => {
  if (typeof element === "string") return JSON.stringify(element);
  return isFloat && typeof element === "number" ? floatText(element) : String(element);
};

/** As Python and NumPy read them again. */
export const csvElement: ElementText = (element, isFloat) => {
  if (!isFloat || typeof element !== "number") return String(element);
  if (Number.isFinite(element)) return floatText(element);
  return String(element).toLowerCase().replace("infinity", "inf");
};

/** The elements of a tensor as texts, row-major. */
export function elementTexts(tensor: Tensor, write: ElementText): readonly string[] {
  const { data, datatype } = tensor;
  if (data.encoding === "json") {
    throw new ServingError("INTERNAL", `The output ${tensor.name} came as text.`);
  }
  const isFloat = datatypes[datatype].kind === "float";
  return elementsOf(datatype, data.bytes).map((element) => write(element, isFloat));
}

/** A tensor as nested JSON arrays. */
export function nestedJson(tensor: Tensor): string {
  return nest(elementTexts(tensor, jsonElement), tensor.shape);
}

/** The JSON of each of its rows; a scalar is one row. */
export function jsonRows(tensor: Tensor): readonly string[] {
  const texts = elementTexts(tensor, jsonElement);
  const [rows = 1, ...inner] = tensor.shape;
  const step = rows === 0 ? 0 : texts.length / rows;
  return Array.from({ length: rows }, (_, row) => nest(texts.slice(row * step, (row + 1) * step), inner));
}

function nest(texts: readonly string[], shape: readonly number[]): string {
  let level = texts;
  for (const length of shape.slice(1).reverse()) level = grouped(level, length);
  return shape.length === 0 ? (level[0] ?? "null") : `[${level.join(",")}]`;
}

function grouped(texts: readonly string[], length: number): readonly string[] {
  if (length === 0) return texts;
  const groups: string[] = [];
  for (let at = 0; at < texts.length; at += length)
    groups.push(`[${texts.slice(at, at + length).join(",")}]`);
  return groups;
}
