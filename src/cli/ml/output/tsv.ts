import { isList, isObject, type JsonValue } from "./json-value.ts";

/** A line for each thing, a column for each of its values: lists by their length, objects as nothing. */
export function formatTsv(value: JsonValue, isQueried: boolean): string {
  const things = isList(value) ? value : [value];
  return things.map((thing) => `${lineOf(thing, isQueried)}\n`).join("");
}

function lineOf(thing: JsonValue, isQueried: boolean): string {
  if (isList(thing)) return thing.map(cellOf).join("\t");
  if (!isObject(thing)) return typeof thing === "boolean" ? String(thing) : cellOf(thing);
  // What a query names comes in its order, what a verb prints in the order of its keys.
  const present = Object.keys(thing).filter((key) => thing[key] !== undefined);
  const keys = isQueried ? present : present.sort();
  return keys.map((key) => cellOf(thing[key] ?? null)).join("\t");
}

/** As Python writes it, because scripts compare with what that wrote. */
function cellOf(cell: JsonValue): string {
  if (cell === null) return "None";
  if (isList(cell)) return String(cell.length);
  if (typeof cell === "object") return "";
  if (typeof cell === "boolean") return cell ? "True" : "False";
  return String(cell);
}
