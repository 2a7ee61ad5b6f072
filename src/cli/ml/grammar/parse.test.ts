import { describe, expect, test } from "vitest";
import { exitCodes } from "../../exit-codes.ts";
import {
  choice,
  groupsOfWords,
  integer,
  operand,
  requiredText,
  switchedOn,
  text,
  threeState,
  words,
} from "./flag.ts";
import { parseFlags } from "./parse.ts";
import { readFlags } from "./verb.ts";

const flags = {
  name: requiredText({ names: ["--name", "-n"], help: "" }),
  endpointName: text({ names: ["--endpoint-name", "-e"], help: "" }),
  environment: text({ names: ["--environment"], help: "", isExtra: true }),
  authMode: choice({ names: ["--auth-mode"], help: "", choices: ["key", "aml_token"] }),
  yes: switchedOn({ names: ["--yes", "-y"], help: "" }),
  local: threeState({ names: ["--local"], help: "" }),
  localGpu: threeState({ names: ["--local-enable-gpu"], help: "" }),
  lines: integer({ names: ["--lines", "-l"], help: "" }),
  set: words({ names: ["--set"], help: "" }),
  add: groupsOfWords({ names: ["--add"], help: "" }),
};

function read(...typed: readonly string[]): object {
  const values = readFlags(flags, parseFlags(flags, typed));
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => {
      return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
    }),
  );
}

describe("what is typed is read", () => {
  test.each<[string, object]>([
    ["-n blue", { name: "blue" }],
    ["--name blue", { name: "blue" }],
    ["--name=blue", { name: "blue" }],
    ["--name=a=b", { name: "a=b" }],
    ["-nblue", { name: "blue" }],
    ["-n=blue", { name: "blue" }],
    ["-ynblue", { name: "blue", yes: true }],
    ["-n a -n b", { name: "b" }],
    ["-n a --endpoint e", { name: "a", endpointName: "e" }],
    ["-n a --en e", { name: "a", endpointName: "e" }],
    ["-n a --env x", { name: "a", environment: "x" }],
    ["-n a --auth_mode Key", { name: "a", authMode: "key" }],
    ["-n a --auth AML_TOKEN", { name: "a", authMode: "aml_token" }],
    ["-n a --local", { name: "a", local: true }],
    ["-n a --local true", { name: "a", local: true }],
    ["-n a --local False", { name: "a" }],
    ["--local --name a", { name: "a", local: true }],
    ["-n a -l 5", { name: "a", lines: 5 }],
    ["-n a --set a=1 b=2 --set c=3", { name: "a", set: ["a=1", "b=2", "c=3"] }],
    ["--set a=1 b=2 -n a", { name: "a", set: ["a=1", "b=2"] }],
    [
      "-n a --add l x=1 y=2 --add m 3",
      {
        name: "a",
        add: [
          ["l", "x=1", "y=2"],
          ["m", "3"],
        ],
      },
    ],
    ["-n -1", { name: "-1" }],
    ["-n -", { name: "-" }],
  ])("%s", (typed, expected) => {
    expect(read(...typed.split(" "))).toEqual(expected);
  });

  test("a text with blanks is a value, even where it begins with a hyphen", () => {
    expect(read("-n", "- a b")).toEqual({ name: "- a b" });
  });
});

describe("a wrong line ends with status 2", () => {
  test.each([
    ["", "the following arguments are required: --name/-n"],
    ["-e x", "the following arguments are required: --name/-n"],
    ["-n", "argument --name/-n: expected one argument"],
    ["-n a --set", "argument --set: expected at least one argument"],
    ["-n a --set -e x", "argument --set: expected at least one argument"],
    ["-n a --nonsense", "unrecognized arguments: --nonsense"],
    ["-n a b c", "unrecognized arguments: b c"],
    ["-n a -z", "unrecognized arguments: -z"],
    ["-n a --l", "ambiguous option: --l could match --local, --local-enable-gpu, --lines"],
    ["-n a --yes=1", "argument --yes/-y: ignored explicit argument '1'"],
    ["-n a --local maybe", "argument --local: invalid choice: 'maybe' (choose from 'true', 'false')"],
    ["-n a --auth-mode x", "argument --auth-mode: invalid choice: 'x' (choose from 'key', 'aml_token')"],
    ["-n a -l many", "argument --lines/-l: invalid int value: 'many'"],
  ])("%s", (typed, message) => {
    const words = typed.split(" ").filter((word) => word !== "");
    expect(() => read(...words)).toThrow(expect.objectContaining({ message, exitCode: exitCodes.usage }));
  });
});

test("one word may belong to no flag", () => {
  const table = { file: text({ names: ["-f"], help: "" }), folder: operand({ help: "" }) };
  const typed = ["-f", "x", ".", "--unknown"];
  const given = parseFlags(table, typed, { ignoresUnknown: true });
  expect(readFlags(table, given)).toEqual({ file: "x", folder: "." });
  expect(() => parseFlags(table, [".", "extra"])).toThrow("unrecognized arguments: extra");
});
