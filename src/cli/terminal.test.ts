import { expect, test } from "vitest";
import { createTerminal, wantsColor } from "./terminal.ts";

test.each([
  ["a terminal", {}, true, true],
  ["no terminal", {}, false, false],
  ["NO_COLOR", { NO_COLOR: "1" }, true, false],
  ["an empty NO_COLOR", { NO_COLOR: "" }, true, true],
  ["TERM=dumb", { TERM: "dumb" }, true, false],
  ["FORCE_COLOR", { FORCE_COLOR: "1" }, false, true],
  ["FORCE_COLOR=0", { FORCE_COLOR: "0" }, true, false],
  ["CLICOLOR_FORCE", { CLICOLOR_FORCE: "1" }, false, true],
  ["CLICOLOR_FORCE=0", { CLICOLOR_FORCE: "0" }, true, true],
  ["FORCE_COLOR in a dumb terminal", { FORCE_COLOR: "1", TERM: "dumb" }, true, true],
  ["NO_COLOR against FORCE_COLOR", { NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
])("colours with %s", (_name, environment, isTty, expected) => {
  expect(wantsColor(environment, isTty)).toBe(expected);
});

test("--no-color wins over everything, and each stream decides for itself", () => {
  const write = (): boolean => true;
  const streams = { out: { write }, err: { write, isTTY: true, columns: 120 } };
  const terminal = createTerminal(streams, {}, false);
  expect([terminal.out.colors.isColorSupported, terminal.err.colors.isColorSupported]).toEqual([false, true]);
  expect([terminal.out.columns, terminal.err.columns]).toEqual([80, 120]);
  expect(createTerminal(streams, { FORCE_COLOR: "1" }, true).err.colors.isColorSupported).toBe(false);
});
