import { readFileSync } from "node:fs";

/** A table that both sides of the worker's border, or other people's libraries, have agreed to. */
export function readConformance(path: string): unknown {
  const url = new URL(`../../../conformance/${path}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"));
}
