import { describe, expect, it } from "vitest";
import { errorCatalogue, errorCodes } from "../../contracts/errors.ts";
import { type ErrorDetails, ServingError } from "../../contracts/serving-error.ts";
import { encodeError, statusOf } from "./errors.ts";

const details = {
  field: "inputs[0].shape",
  expected: "[-1,64]",
  got: "[1,2]",
  model: "m",
  version: "v1",
  hint: "Do this.",
  where: "settings.json:3",
  retryAfterS: 2,
  limitBytes: 10,
  allow: ["GET"],
} as const satisfies Required<ErrorDetails>;

const bugs = errorCodes.filter((code) => errorCatalogue[code].fault === "bug");
const known = errorCodes.filter((code) => !bugs.includes(code));

describe("the V2 error table", () => {
  it.each(errorCodes)("has a status for %s that says whose fault it is", (code) => {
    const { fault } = errorCatalogue[code];
    expect(statusOf[code]).toBeGreaterThanOrEqual(fault === "bug" ? 500 : 400);
    expect(statusOf[code]).toBeLessThan(fault === "caller" ? 500 : 600);
  });

  it("never says that a retry may help with a status that says it cannot", () => {
    const retryable = errorCodes.filter((code) => errorCatalogue[code].retryable);
    const statuses = new Set(retryable.map((code) => statusOf[code]));
    expect([...statuses].filter((status) => [400, 404, 405, 422, 500].includes(status))).toEqual([]);
  });
});

describe("encodeError", () => {
  it.each(known)("says of %s what it is, which field, and what to do", (code) => {
    const body = encodeError(new ServingError(code, "What happened.", details));
    const { field, expected, got, model, version, hint } = details;
    expect(body).toEqual({ error: "What happened.", code, field, expected, got, model, version, hint });
    expect(Object.keys(body)[0]).toBe("error");
  });

  it("leaves out what is not known", () => {
    const error = new ServingError("MODEL_NOT_FOUND", "Model a not found", { model: "a" });
    expect(JSON.stringify(encodeError(error))).toBe(
      '{"error":"Model a not found","code":"MODEL_NOT_FOUND","model":"a"}',
    );
  });

  it.each(bugs)("shows nothing of %s but its code", (code) => {
    const secret = "/srv/secret.txt";
    const secrets = {
      ...details,
      field: secret,
      expected: secret,
      got: secret,
      model: secret,
      version: secret,
      hint: secret,
    };
    const error = new ServingError(code, `Cannot read ${secret}`, secrets, { cause: new Error(secret) });
    expect(encodeError(error)).toEqual({ error: "Internal error. The server's log has the details.", code });
  });

  it("shows nothing of an error that nobody foresaw", () => {
    const text = JSON.stringify(
      encodeError(ServingError.from(new TypeError("x is not a function at /srv/app.js"))),
    );
    expect(text).not.toContain("app.js");
  });
});
