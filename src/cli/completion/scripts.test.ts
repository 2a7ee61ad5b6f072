import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { completionScripts, completionShells } from "./scripts.ts";

const run = promisify(execFile);

/** Completes in a real bash, whose `hostler` shows what it was asked and answers what the test says. */
async function completeInBash(words: readonly string[], answer: string): Promise<string> {
  const program = `
    hostler() { [ "$1" = completion ] || { printf '<%s>' "$@" >&3; printf '%b' "$ANSWER"; }; }
    eval "$SCRIPT"
    eval "$SCRIPT"
    compopt() { printf 'compopt %s\\n' "$*"; }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _hostler
    printf '%s\\n' "\${COMPREPLY[@]}"
    complete -p hostler
  `;
  const env = { PATH: process.env["PATH"], SCRIPT: completionScripts.bash, ANSWER: answer };
  const { stdout } = await run("bash", ["-uc", `exec 3>&1; ${program}`, "bash", ...words], { env });
  return stdout;
}

test("bash asks with the words as they stand, and never evaluates them", async () => {
  const words = ["hostler", "predict", "$(echo gotcha)", ""];
  expect(await completeInBash(words, "mnist-svm\\tone\\nmushroom\\ttwo\\n")).toBe(
    "<complete><--><predict><$(echo gotcha)><>mnist-svm\nmushroom\ncomplete -F _hostler hostler\n",
  );
});

test("bash leaves paths to itself", async () => {
  expect(await completeInBash(["hostler", "serve", ""], ":folders\\n")).toContain("compopt -o dirnames\n");
  expect(await completeInBash(["hostler", "x", ""], ":files\\n")).toContain("compopt -o default\n");
});

test.each(completionShells)("hostler completion %s prints the script and nothing else", async (shell) => {
  expect(await runCli(["completion", shell])).toEqual({
    exitCode: 0,
    out: completionScripts[shell],
    err: "",
  });
  expect(completionScripts[shell]).toMatchSnapshot();
});
