import { expect, test } from "vitest";
import { ServingError } from "../contracts/serving-error.ts";
import { reportError } from "./errors.ts";
import { UsageError } from "./framework/usage-error.ts";
import { keptContext } from "./testing/run-cli.ts";

function report(error: unknown, environment: NodeJS.ProcessEnv = {}): { exitCode: number; text: string } {
  const { terminal, err } = keptContext();
  return { exitCode: reportError(error, terminal.err, environment), text: err.kept };
}

test("an error says what happened, where, what to do, and its code", () => {
  const details = { where: "models/a/model-settings.json:3:5", hint: "Name a class that hostler knows." };
  expect(report(new ServingError("INVALID_SETTINGS", "The implementation is unknown.", details))).toEqual({
    exitCode: 2,
    text: [
      "error: The implementation is unknown.",
      "where: models/a/model-settings.json:3:5",
      "to do: Name a class that hostler knows.",
      " code: INVALID_SETTINGS",
      "",
    ].join("\n"),
  });
});

test("a field is named once", () => {
  expect(report(ServingError.invalidField("inputs[0].shape", "[-1, 64]", "[1, 2]")).text).toBe(
    "error: inputs[0].shape: expected [-1, 64], got [1, 2]\n code: INVALID_REQUEST\n",
  );
  expect(report(new ServingError("INVALID_INPUT", "wrong", { field: "inputs[0]" })).text).toContain(
    "where: inputs[0]\n",
  );
});

test("a wrong command line is a matter of usage", () => {
  expect(report(new UsageError("DIR is missing.", "hostler serve ."))).toEqual({
    exitCode: 2,
    text: "error: DIR is missing.\nto do: hostler serve .\n code: USAGE\n",
  });
});

test("what nobody foresaw is owned up to, and its stack is shown only on request", () => {
  const { exitCode, text } = report(new TypeError("x is undefined"));
  expect(exitCode).toBe(1);
  expect(text).toContain("error: x is undefined\nto do: This is a fault in hostler.");
  expect(text).not.toContain("    at ");
  expect(report(new TypeError("x is undefined"), { HOSTLER_DEBUG: "1" }).text).toContain("    at ");
});

test("a message from elsewhere stays on its line", () => {
  expect(report(new ServingError("MODEL_ERROR", "boom\n code: OK\u001B[2J")).text).toBe(
    "error: boom code: OK\u{FFFD}[2J\n code: MODEL_ERROR\n",
  );
});
