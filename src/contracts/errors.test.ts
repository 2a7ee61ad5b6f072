import { describe, expect, it } from "vitest";
import { errorCatalogue, errorCodes, isErrorCode } from "./errors.ts";
import { ServingError } from "./serving-error.ts";

describe("the error catalogue", () => {
  it("says of every code whose fault it is, in one sentence", () => {
    expect(errorCodes).toEqual(Object.keys(errorCatalogue));
    for (const code of errorCodes) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(errorCatalogue[code].summary).toMatch(/^[A-Z].*\.$/);
      expect(["caller", "operator", "dependency", "bug"]).toContain(errorCatalogue[code].fault);
    }
  });

  it("never promises that a bug goes away", () => {
    const bugs = errorCodes.filter((code) => errorCatalogue[code].fault === "bug");
    expect(bugs.filter((code) => errorCatalogue[code].retryable)).toEqual([]);
  });

  it("knows its codes, and nothing that every object has", () => {
    expect(["INTERNAL", "internal", "constructor", "__proto__", null, 7].map(isErrorCode)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("ServingError", () => {
  it("knows its catalogue entry", () => {
    const { name, fault, retryable } = new ServingError("QUEUE_FULL", "full");
    expect([name, fault, retryable]).toEqual(["ServingError", "operator", true]);
  });

  it("stays what it is, and takes in everything else with its cause", () => {
    const own = new ServingError("QUEUE_FULL", "full");
    expect(ServingError.from(own)).toBe(own);
    const cause = new TypeError("x is not a function");
    expect(ServingError.from(cause)).toMatchObject({
      code: "INTERNAL",
      message: "x is not a function",
      cause,
    });
    expect(ServingError.from("text", "MODEL_ERROR")).toMatchObject({
      code: "MODEL_ERROR",
      message: "text",
      cause: "text",
    });
    expect(ServingError.from(undefined).message).toBe("undefined");
  });

  it("says which field is wrong, what was expected and what came", () => {
    const error = ServingError.invalidField("id", "a string", "7");
    expect(error.message).toBe("id: expected a string, got 7");
    expect(error.details).toEqual({ field: "id", expected: "a string", got: "7" });
  });

  it.each([
    [undefined, "nothing"],
    [null, "null"],
    ["a", '"a"'],
    [[1, { a: 2 }], '[1,{"a":2}]'],
    [-0.5, "-0.5"],
  ])("shows of a value %j in JSON", (value, got) => {
    expect(ServingError.wrongValue("f", "another", value).details.got).toBe(got);
  });

  it("shows little of what is large, and nothing of what is deep", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    for (const value of ["x".repeat(10_000), Array.from({ length: 10_000 }, () => 1), deep]) {
      expect(ServingError.wrongValue("f", "another", value).details.got?.length).toBeLessThanOrEqual(80);
    }
  });
});
