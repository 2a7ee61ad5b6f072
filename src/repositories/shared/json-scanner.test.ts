import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findInJson, findJsonMistake } from "./json-scanner.ts";

/** JSON with a few characters put in, taken out or exchanged: mostly broken, often only just. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.stringMatching(/^[{}[\],:"'\\/+.0-3eEtrufalsn \n\x01-]$/)), {
      maxLength: 3,
    }),
  )
  .map(([json, edits]) =>
    edits.reduce((text, [place, removed, added]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + added + text.slice(at + removed);
    }, json),
  );

describe("findJsonMistake", () => {
  it("agrees with JSON.parse on what JSON is", () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        expect(findJsonMistake(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['{"a": 1,}', 8, "a comma before the closing bracket", "Remove the comma."],
    ['{"a": 1 "b": 2}', 8, 'expected "," or "}", got a string', "A comma is missing before it."],
    ["{'a': 1}", 1, 'expected a key in double quotes or "}", got "\'"', "Use double quotes."],
    ['{"a": 1, b: 2}', 9, "expected a key in double quotes, got b", 'Write "b".'],
    ['{"a": True}', 6, "expected a value, got True", "Write true."],
    ['{"a": yes}', 6, "expected a value, got yes", 'Write "yes".'],
    ['{"a": 1} // ok', 9, 'unexpected "/" after the end', undefined],
    [
      '{ // first\n"a": 1}',
      2,
      'expected a key in double quotes or "}", got "/"',
      "JSON has no comments: remove it.",
    ],
    ['{"a" 1}', 5, 'expected ":" after the key, got "1"', undefined],
    ['{"a": "b', 8, "a string does not end", undefined],
    ['{"a": "b\nc"}', 8, "a line break or control character in a string", 'Write it as "\\n" or "\\uXXXX".'],
    ['{"a": "C:\\models"}', 9, "an unknown escape in a string", 'Write a backslash as "\\\\".'],
    ['{"a": 01}', 7, 'expected "," or "}", got "1"', undefined],
    ['{"a": NaN}', 6, "expected a value, got NaN", 'Write "NaN".'],
    ['{"a": [1, 2', 11, 'expected "," or "]", got the end', undefined],
    ["", 0, "expected a value, got the end", undefined],
  ])("explains %j", (text, offset, reason, hint) => {
    expect(findJsonMistake(text)).toEqual({ offset, reason, ...(hint === undefined ? {} : { hint }) });
  });

  it("gives up on nesting that would exhaust the stack", () => {
    expect(findJsonMistake("[".repeat(100_000))).toMatchObject({ reason: "nested more than 500 deep" });
  });
});

describe("findInJson", () => {
  const text = '{"a": {"b": [10, {"c": 20}]}, "a": {"d": 30}, "b": 40}';

  it.each([
    [["b"], '"b": 40', "40"],
    [["a", "d"], '"d": 30', "30"],
    [["a", "b", 1, "c"], '"c": 20', "20"],
    [["a", "b", 0], "10", "10"],
  ])("finds %j", (path, key, value) => {
    const found = findInJson(text, path);
    expect(text.slice(found.key, found.key + key.length)).toBe(key);
    expect(text.slice(found.value, found.value + value.length)).toBe(value);
  });

  it("stops at the deepest part that is there", () => {
    expect(findInJson(text, ["b", "x", "y"])).toEqual(findInJson(text, ["b"]));
    expect(findInJson(text, ["x"])).toEqual({ key: 0, value: 0 });
  });

  it("finds every value of any JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(2), (object, indent) => {
        const json = JSON.stringify(object, null, indent);
        for (const [key, value] of Object.entries(object)) {
          const start = findInJson(json, [key]);
          expect(json.startsWith(JSON.stringify(key), start.key)).toBe(true);
          expect(json.slice(start.value).charAt(0)).toBe(JSON.stringify(value).charAt(0));
        }
      }),
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
