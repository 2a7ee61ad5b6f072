import { describe, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

describe("hostler pipeline", () => {
  it("takes one value for each time that an option is given, and no words behind it", async () => {
    const words = ["pipeline", "--env", "A=1", "--env", "B", "http://127.0.0.1:9"];
    const { exitCode, err } = await runCli(words);
    expect(exitCode).toBe(2);
    expect(err).toContain('--env takes name=value, not "B"');
  });

  it("takes every word for a container", async () => {
    const { exitCode, err } = await runCli(["pipeline", "a=http://h", "b=http://h", "a=http://h"]);
    expect([exitCode, err]).toEqual([2, expect.stringContaining("Two containers have the same name.")]);
  });

  it("asks for one container at least", async () => {
    expect((await runCli(["pipeline"])).exitCode).toBe(2);
  });

  it("does not listen to everybody without being told to", async () => {
    const { exitCode, err } = await runCli(["pipeline", "--host", "0.0.0.0", "http://h"]);
    expect([exitCode, err]).toEqual([2, expect.stringContaining("--insecure-no-auth")]);
  });
});
