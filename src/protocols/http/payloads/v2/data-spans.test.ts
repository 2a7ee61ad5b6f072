import { describe, expect, it } from "vitest";
import { patience } from "../../../../core/testing/fuzz.ts";
import { findDataSpans } from "./data-spans.ts";

/** The texts of the spans; undefined where the body is left to the parser. */
function spansOf(text: string): readonly (string | null)[] | undefined {
  const body = Buffer.from(text);
  return findDataSpans(body)?.map((span) => span && body.toString("utf8", span.start, span.end));
}

describe("findDataSpans", () => {
  it.each<[string, readonly (string | null)[]]>([
    ['{"inputs":[{"data":[1,2]}]}', ["[1,2]"]],
    ['{"inputs":[]}', []],
    ['{"inputs":[{}]}', [null]],
    ['{"inputs":[{"name":"x"},{"data":[]},{"data":[[]]}]}', [null, "[]", "[[]]"]],
    [' \n\t\r{ "inputs" : [ { "data" : [ [ 1 ] , [ 2 ] ] , "name" : "x" } ] } ', ["[ [ 1 ] , [ 2 ] ]"]],
    ['{"inputs":[{"data":["a]b","c[d","\\"]","\\\\"],"shape":[4]}]}', ['["a]b","c[d","\\"]","\\\\"]']],
    ['{"inputs":[{"data":[["]"],["[["]]}]}', ['[["]"],["[["]]']],
    ['{"inputs":[{"data":["é","日本]","😀["]}]}', ['["é","日本]","😀["]']],
    ['{"inputs":[{"parameters":{"data":[9]},"data":[1]}]}', ["[1]"]],
    ['{"data":[9],"inputs":[{"data":[1]}],"outputs":[{"data":[9]}]}', ["[1]"]],
    ['{"a":{"inputs":[{"data":[9]}]},"inputs":[{"data":[1]}]}', ["[1]"]],
    ['{"id":"\\"inputs\\":[{\\"data\\":[9]}]","inputs":[{"data":[1]}]}', ["[1]"]],
    ['{"inputs":[{"data":[{"data":[1]},2]}]}', ['[{"data":[1]},2]']],
    ['{"parameters":{"\\u0061":1},"inputs":[{"data":[1],"parameters":{"\\n":[]}}]}', ["[1]"]],
    ['{"inputs":[{"data":[1]}],"n":-1.5e3,"t":true,"z":null}', ["[1]"]],
  ])("finds the arrays in %s", (text, spans) => {
    expect(spansOf(text)).toEqual(spans);
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"inputs"',
    '{"inputs":[{"data":[1]}',
    '{"inputs":[{"data":[1]',
    '{"inputs":[{"data":["1]}]}',
    '{"inputs":{"data":[1]}}',
    '{"inputs":[{"data":1}]}',
    '{"inputs":[{"data":"[1]"}]}',
    '{"inputs":[{"data":[1],"data":[2]}]}',
    '{"inputs":[{"data":[1]}],"inputs":[]}',
    '{"inputs":[[{"data":[1]}]]}',
    '{"inputs":[{"d\\u0061ta":[1]}]}',
    '{"inp\\u0075ts":[],"inputs":[{"data":[1]}]}',
    '{"inputs":[{"data":}]}',
    '{"inputs":[,]}',
    "{inputs:[]}",
    '\uFEFF{"inputs":[]}',
  ])("leaves %j to the parser", (text) => {
    expect(spansOf(text)).toBeUndefined();
  });

  it("needs no stack for what is nested deeply", () => {
    const bombs = ['{"a":', '{"inputs":[', "[", '{"inputs":[{"a":', '{"inputs":[{"data":['];
    for (const bomb of bombs) expect(spansOf(bomb.repeat(100_000))).toBeUndefined();
    const lists = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(spansOf(`{"inputs":[{"data":${lists}}]}`)?.[0]).toHaveLength(200_000);
  });

  it("takes time in proportion to the bytes, whatever they are", patience, () => {
    const size = 2 ** 19;
    const fillers = [
      '"]",',
      '"[",',
      '"\\"",',
      '"\\\\",',
      "[],",
      '["]"],',
      "\\",
      '\\"',
      " ",
      "[",
      '{"a":[]},',
      "1,",
    ];
    for (const filler of fillers) {
      const filling = filler.repeat(size / filler.length);
      for (const body of [`{"inputs":[{"data":[${filling}1]}]}`, `{"a":[${filling}1],"inputs":[${filling}`]) {
        const startedAt = performance.now();
        findDataSpans(Buffer.from(body));
        // A scanner that went back over them would take minutes.
        expect(performance.now() - startedAt).toBeLessThan(2000);
      }
    }
    const members = Array.from({ length: size / 16 }, (_, index) => `"k${String(index)}":[1]`).join(",");
    const startedAt = performance.now();
    expect(spansOf(`{"parameters":{${members}},"inputs":[{"data":[1]}]}`)).toEqual(["[1]"]);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
