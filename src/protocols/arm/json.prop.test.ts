import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationOf, millisecondsOf } from "./durations.ts";
import { mergePatch, parseJson } from "./json.ts";

describe("parseJson", () => {
  it("reads what is JSON as JSON.parse does, and the same with line breaks left as they are", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", '"', "\\", "\n", "\r", "\t", "\u0001", "é", "{", ":"),
    });
    fc.assert(
      fc.property(fc.dictionary(text, text), (value) => {
        const json = JSON.stringify(value);
        const loose = json.replaceAll(/(?<!\\)((?:\\\\)*)\\n/g, "$1\n");
        expect([parseJson(json), parseJson(loose)]).toEqual([value, value]);
      }),
    );
  });

  it("refuses everything else, and says so", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(() => parseJson(`{${text}\u0000`)).toThrow(
          expect.objectContaining({ code: "MALFORMED_JSON" }),
        );
      }),
    );
  });
});

describe("mergePatch", () => {
  const value = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(fc.integer(), fc.string()));

  it("changes nothing with nothing, and all that is named", () => {
    fc.assert(
      fc.property(value, value, (target, patch) => {
        expect(mergePatch(target, {})).toEqual(target);
        expect(mergePatch(target, patch)).toEqual({ ...target, ...patch });
      }),
    );
  });

  it("takes away what is null", () => {
    fc.assert(
      fc.property(value, fc.constantFrom("a", "b", "c"), (target, key) => {
        const left = Object.entries(target).filter(([name]) => name !== key);
        expect(mergePatch(target, { [key]: null })).toEqual(Object.fromEntries(left));
      }),
    );
  });
});

describe("durations", () => {
  it("come back as they went", () => {
    fc.assert(
      fc.property(fc.nat(), (milliseconds) => {
        expect(millisecondsOf(durationOf(milliseconds))).toBe(milliseconds);
      }),
    );
  });

  it("are read as azure-ai-ml writes them", () => {
    const parts = fc.tuple(fc.nat(9), fc.nat(23), fc.nat(59), fc.nat(59));
    fc.assert(
      fc.property(parts, ([days, hours, minutes, seconds]) => {
        const text = `P${String(days)}DT${String(hours)}H${String(minutes)}M${String(seconds)}S`;
        expect(millisecondsOf(text)).toBe((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
      }),
    );
  });

  it.each(["", "P", "PT", "P1M", "5", "PT-5S", "T5S", "PT5", "P1Y"])("are not made of %j", (text) => {
    expect(millisecondsOf(text)).toBeNull();
  });
});
