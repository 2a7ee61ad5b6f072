import { describe, expect, it } from "vitest";
import { compareAnswers } from "./compare-answers.ts";

function answer(body: string | Uint8Array, status = 200) {
  return { status, body: typeof body === "string" ? new TextEncoder().encode(body) : body, totalMs: 1 };
}

function areSame(one: string, other: string): boolean {
  return compareAnswers(answer(one), answer(other)).isSame;
}

describe("two answers are the same", () => {
  it("whatever the order of keys and the spaces", () => {
    expect(areSame('{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1 }')).toBe(true);
  });

  it("where numbers differ in their last digits", () => {
    const near = compareAnswers(answer("[1000000.0,2]"), answer("[1000000.5,2]"));
    expect(near).toEqual({ isSame: true, largestDifference: 0.5 / 1_000_000.5 });
    expect(areSame("[3e-17]", "[0]")).toBe(true);
  });

  it("where the JSON is inside a text", () => {
    expect(areSame(JSON.stringify('{"0": {"0": 1.0}}'), JSON.stringify('{"0":{"0":1.00000001}}'))).toBe(true);
  });
});

describe("two answers differ", () => {
  it("in status", () => {
    expect(compareAnswers(answer("{}"), answer("{}", 500)).isSame).toBe(false);
  });

  it("in numbers, keys, lengths, kinds", () => {
    expect(compareAnswers(answer("[1,4]"), answer("[1,2]"))).toEqual({
      isSame: false,
      largestDifference: 0.5,
    });
    expect(areSame("[1,2]", "[1,2,3]")).toBe(false);
    expect(areSame('{"a":1}', '{"b":1}')).toBe(false);
    expect(areSame('{"a":1}', "[1]")).toBe(false);
    expect(areSame('{"a":null}', '{"a":{}}')).toBe(false);
    expect(areSame('"1"', "1")).toBe(false);
    expect(areSame('"1"', '"1.0"')).toBe(false);
  });

  it("in any byte, where they are no JSON", () => {
    expect(areSame("yes", "yes")).toBe(true);
    expect(areSame("yes", "yes ")).toBe(false);
    const bytes = answer(new Uint8Array([255, 1]));
    expect(compareAnswers(bytes, answer(new Uint8Array([255, 2]))).isSame).toBe(false);
  });

  it("where they are nested too deeply to tell", () => {
    const deep = "[".repeat(50_000) + "1" + "]".repeat(50_000);
    expect(areSame(deep, ` ${deep}`)).toBe(false);
  });
});
