import { expect, test } from "vitest";
import { errorCodes } from "../contracts/errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";

test("every error code has an exit status of the documented table", () => {
  const documented = new Set<number>(Object.values(exitCodes));
  expect(Object.keys(exitCodeOf).sort()).toEqual([...errorCodes].sort());
  expect(errorCodes.filter((code) => !documented.has(exitCodeOf[code]))).toEqual([]);
});

test("no error ends with the status of success or of a signal", () => {
  const reserved = new Set<number>([exitCodes.ok, exitCodes.interrupted, exitCodes.terminated]);
  expect(errorCodes.filter((code) => reserved.has(exitCodeOf[code]))).toEqual([]);
});

test("the table is what scripts were promised", () => {
  expect(exitCodes).toEqual({
    ok: 0,
    failed: 1,
    usage: 2,
    notFound: 3,
    unauthenticated: 4,
    conflict: 5,
    timedOut: 6,
    unreachable: 7,
    interrupted: 130,
    terminated: 143,
  });
});
