import { expect, test } from "vitest";
import { commands } from "../commands.ts";
import { answer, formatAnswer } from "./answer.ts";

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const found = await answer(commands, words, () => Promise.resolve(["mnist-svm", "mushroom"]));
  return formatAnswer(found)
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "")
    .filter((value) => value !== "");
}

test.each([
  [["ser"], ["serve"]],
  [["s"], ["serve", "score", "shims"]],
  [
    ["models", ""],
    ["ls", "describe"],
  ],
  [["models", "d"], ["describe"]],
  [["serve", ""], [":folders"]],
  [["start", ""], [":folders"]],
  [
    ["serve", "--log-format", ""],
    ["auto", "json", "pretty"],
  ],
  [["serve", "--log-format", "=", "js"], ["json"]],
  [
    ["serve", "--log-format", "="],
    ["auto", "json", "pretty"],
  ],
  [["serve", "--port", ""], []],
  [["serve", "--port", "1", ""], [":folders"]],
  [["serve", ".", "--metrics-p"], ["--metrics-port"]],
  [["serve", ".", "--as"], []],
  [
    ["predict", "m"],
    ["mnist-svm", "mushroom"],
  ],
  [["predict", "./"], [":folders"]],
  [["predict", "m", "-f", ""], [":files"]],
  [["models", "describe", "mu"], ["mushroom"]],
  [["models", "ls", "-o", "y"], ["yaml"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [
    ["rollout", ""],
    ["start", "status", "cancel", "undo", "history"],
  ],
  [
    ["ml", "online-"],
    ["online-endpoint", "online-deployment"],
  ],
  [["ml", "online-endpoint", "re"], ["regenerate-keys"]],
  [["ml", "online-endpoint", "create", "--auth-m"], ["--auth-mode"]],
  [
    ["ml", "online-endpoint", "create", "--auth-mode", ""],
    ["key", "aml_token", "aad_token"],
  ],
  [["ml", "online-endpoint", "create", "-f", ""], [":files"]],
  [["ml", "nonsense", ""], []],
  [["az", "account", "l"], ["list"]],
  [["version", ""], []],
  [["nonsense", ""], []],
])("%j completes to %j", async (words, expected) => {
  expect(await complete(...words)).toEqual(expected);
});

test("nothing typed yet offers every command and noun", async () => {
  expect(await complete("")).toEqual([
    "init",
    "serve",
    "up",
    "score",
    "pipeline",
    "archive",
    "predict",
    "doctor",
    "completion",
    "shims",
    "version",
    "ml",
    "models",
    "endpoints",
    "rollout",
  ]);
});

test("options come with what they mean", async () => {
  expect(formatAnswer(await answer(commands, ["version", "--o"], () => Promise.resolve([])))).toBe(
    "--output\thow to print it\n",
  );
});
