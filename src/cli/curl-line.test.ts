import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { curlLine } from "./curl-line.ts";
import { shellQuote } from "./shell-quote.ts";

const run = promisify(execFile);
const target = { name: "a'b", version: null };

test("a shell hands curl exactly the request", async () => {
  const line = curlLine("http://127.0.0.1:8080", target, { body: `{"it's":"$HOME"}`, needsKey: true });
  const env = { HOSTLER_API_KEY: "k e y" };
  const { stdout } = await run("/bin/sh", ["-c", `curl() { printf '%s\\n' "$@"; }; ${line}`], { env });
  expect(stdout.split("\n")).toEqual([
    "-s",
    "http://127.0.0.1:8080/v2/models/a'b/infer",
    "-H",
    "content-type: application/json",
    "-H",
    "authorization: Bearer k e y",
    "-d",
    `{"it's":"$HOME"}`,
    "",
  ]);
});

test.each([
  ["models/a.json", "models/a.json"],
  ["", "''"],
  ["a b", "'a b'"],
  ["it's", String.raw`'it'\''s'`],
])("%j is quoted as %s", (word, quoted) => {
  expect(shellQuote(word)).toBe(quoted);
});
