import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillTemplates } from "./templates.ts";

const variables = { NAME: "blue", EMPTY: "", UNSET: undefined };

describe("fillTemplates", () => {
  it.each([
    ["name: ${NAME}", "name: blue"],
    ["name: {{NAME}}", "name: blue"],
    ["name: {{ NAME }}", "name: blue"],
    ['name: "{{NAME}}-${NAME}"', 'name: "blue-blue"'],
    ["name: x${EMPTY}y", "name: xy"],
    ["name: ${OTHER:-green}", "name: green"],
    ["name: ${NAME:-green}", "name: blue"],
    ["name: ${OTHER:-}", "name: "],
    ["a: ${{azureml://connections/c/credentials/k}}", "a: ${{azureml://connections/c/credentials/k}}"],
    ["a: ${{ NAME }}", "a: ${{ NAME }}"],
    ["a: \\${NAME} \\{{NAME}}", "a: ${NAME} {{NAME}}"],
    ["a: $NAME %NAME% {NAME} ${1} {{a.b}} ${}", "a: $NAME %NAME% {NAME} ${1} {{a.b}} ${}"],
    ["{a: {b: {c: 1}}}", "{a: {b: {c: 1}}}"],
  ])("makes of %j", (text, filled) => {
    expect(fillTemplates(text, variables)).toMatchObject({ text: filled, missing: [] });
  });

  it("puts the name where a value is missing, so that the rest can be read", () => {
    const { text, missing } = fillTemplates("a: {{FIRST}}\nb: ${UNSET}\nc: ${toString}", variables);
    expect(text).toBe("a: FIRST\nb: UNSET\nc: toString");
    expect(missing).toEqual([
      { name: "FIRST", offset: 3 },
      { name: "UNSET", offset: 12 },
      { name: "toString", offset: 21 },
    ]);
  });

  it("does not fill in what a value holds", () => {
    expect(fillTemplates("${A}", { A: "${B} {{B}}", B: "b" }).text).toBe("${B} {{B}}");
  });

  it("finds every place of the filled text in the original", () => {
    const piece = fc.oneof(
      fc.constantFrom("{{NAME}}", "${NAME}", "${{NAME}}", "\\${NAME}", "${UNSET}", "\n"),
      fc.stringMatching(/^[a-z: #]{0,8}$/),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.string({ maxLength: 20 }), (pieces, name) => {
        const original = pieces.join("");
        const { text, originalOffset } = fillTemplates(original, { NAME: name });
        let last = 0;
        for (let offset = 0; offset <= text.length; offset++) {
          const found = originalOffset(offset);
          expect(found).toBeGreaterThanOrEqual(last);
          expect(found).toBeLessThanOrEqual(original.length);
          last = found;
        }
        expect(originalOffset(text.length)).toBe(original.length);
      }),
    );
  });
});
