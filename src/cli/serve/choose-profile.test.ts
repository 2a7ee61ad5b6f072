import { expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { chooseProfile } from "./choose-profile.ts";

test.each([
  [undefined, {}, "v2"],
  [undefined, { SAGEMAKER_MULTI_MODEL: "true" }, "sagemaker"],
  [undefined, { SAGEMAKER_BIND_TO_PORT: "8080" }, "sagemaker"],
  [undefined, { SAGEMAKER_MULTI_MODEL: "false", SAGEMAKER_BIND_TO_PORT: "" }, "v2"],
  ["v2", { SAGEMAKER_MULTI_MODEL: "true" }, "v2"],
  ["mms", {}, "mms"],
] as const)("%s among %j is %s", (said, environment, profile) => {
  expect(chooseProfile(said, environment)).toBe(profile);
});

test.each([
  [["--profile", "mms", "--port", "1"], "--port has no effect with --profile mms."],
  [["--profile", "sagemaker", "--host", "0.0.0.0"], "--host has no effect with --profile sagemaker."],
  [["--profile", "nonsense"], '--profile cannot be "nonsense".'],
])("%j is refused", async (words, message) => {
  const { exitCode, err } = await runCli(["serve", ...words]);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(message)]);
});
