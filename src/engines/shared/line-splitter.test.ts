import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

function linesOf(...chunks: readonly (string | Uint8Array)[]): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  splitter.end();
  return lines;
}

test("lines come whole, however they were cut", () => {
  expect(linesOf("one\ntw", "o\n", "", "\nfour")).toEqual(["one", "two", "", "four"]);
});

test("a character that was cut in the middle comes whole", () => {
  const bytes = Buffer.from("größe\n");
  expect(linesOf(bytes.subarray(0, 3), bytes.subarray(3))).toEqual(["größe"]);
});

test("of a progress bar the last state is kept", () => {
  expect(linesOf("10%\r50%\r100%\r\n", "done\r\n")).toEqual(["100%", "done"]);
});

test("a line without end does not grow without end", () => {
  const lines = linesOf("x".repeat(100_000));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join("")).toBe("x".repeat(100_000));
});
