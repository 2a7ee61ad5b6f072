import { describe, expect, test } from "vitest";
import { commands } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import { type CommandTable, defineCommand } from "./framework/command.ts";
import { flag, integer, optional, required, text } from "./framework/option.ts";
import { runCli } from "./testing/run-cli.ts";

describe("help", () => {
  test("of hostler", async () => {
    const { exitCode, out, err } = await runCli(["--help"]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toMatchSnapshot();
  });

  test.each(commands.entries.map(({ path }) => path))("of %s", async (path) => {
    const words = path.split(" ");
    const { exitCode, out, err } = await runCli([...words, "--help"]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toMatchSnapshot();
    expect((await runCli([...words, "-h"])).out).toBe(out);
    expect((await runCli(["help", ...words.slice(0, 1)])).exitCode).toBe(0);
  });

  test("shows examples before anything else, and they name the command", async () => {
    for (const { path, load } of commands.entries) {
      const { examples } = await load();
      expect(examples.length, path).toBeGreaterThan(0);
      expect(
        examples.filter(({ line }) => !line.startsWith(path)),
        path,
      ).toEqual([]);
    }
  });

  test("of a noun, where the verb was forgotten", async () => {
    const { exitCode, out, err } = await runCli(["models"]);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.usage, out: "" });
    expect(err).toContain("models describe MODEL");
  });

  test("where nothing was typed", async () => {
    const { exitCode, err } = await runCli([]);
    expect(exitCode).toBe(exitCodes.usage);
    expect(err).toContain("Examples");
  });
});

describe("a wrong line", () => {
  test.each([
    [["servee", "."], "Unknown command 'servee'.", "Did you mean serve?"],
    [["models", "lss"], "Unknown command 'lss'.", "Did you mean ls?"],
    [["serve", ".", "--prot", "1"], "Unknown option '--prot'.", "Did you mean --port?"],
    [["serve"], "Missing required argument 'DIR'.", "For example: hostler serve ."],
    [["version", "-o"], "Option '-o, --output <format>' argument missing.", "See hostler version --help"],
    [["version", "-o", "xml"], '--output cannot be "xml".', "Choose one of: table, json, yaml."],
    [["completion", "nosh"], 'SHELL cannot be "nosh".', "Choose one of: bash, zsh, fish."],
    [
      ["version", "1"],
      "Too many arguments for 'version'. Expected 0 arguments but got 1: 1.",
      "See hostler version --help",
    ],
    [["doctor", "--port", "70000"], '--port takes a whole number from 0 to 65535, not "70000".', ""],
  ])("%j", async (argv, what, hint) => {
    const { exitCode, out, err } = await runCli(argv);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.usage, out: "" });
    expect(err).toContain(`error: ${what}\n`);
    expect(err).toContain(hint);
    expect(err).toContain(" code: USAGE\n");
  });
});

describe("values", () => {
  const probe = defineCommand({
    examples: [],
    arguments: {
      dir: required({ name: "DIR", help: "a folder" }),
      other: optional({ name: "OTHER", help: "another" }),
    },
    options: {
      name: text({ flags: "-n, --name <name>", help: "a name", variable: "PROBE_NAME" }),
      port: integer({
        flags: "--port, --http-port <port>",
        help: "a port",
        fallback: 8080,
        least: 0,
        most: 65_535,
      }),
      gzip: { flags: "--no-gzip", help: "no gzip", read: (given) => given },
      pins: { flags: "--pin <model...>", help: "pins", read: (given) => given },
      quiet: flag({ flags: "-q, --quiet", help: "quiet" }),
    },
    run: (values, { terminal }) => {
      terminal.out.write(JSON.stringify(values));
      return Promise.resolve(exitCodes.conflict);
    },
  });
  const table: CommandTable = {
    summary: "a probe",
    examples: [],
    groups: {},
    entries: [
      {
        path: "probe",
        usage: "DIR",
        summary: "probe",
        aliases: ["sound"],
        load: () => Promise.resolve(probe),
      },
    ],
  };
  const values = async (argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<unknown> => {
    const { exitCode, out, err } = await runCli(argv, { table, environment });
    expect({ exitCode, err }).toEqual({ exitCode: exitCodes.conflict, err: "" });
    return JSON.parse(out);
  };

  test("what is left out is undefined, or the fallback", async () => {
    expect(await values(["probe", "."])).toEqual({ dir: ".", port: 8080, quiet: false });
  });

  test("what is typed is read, in any order and spelling", async () => {
    const typed = ["--no-color", "sound", "-q", "a", "--port=1", "b", "-nx", "--no-gzip", "--pin", "m", "n"];
    expect(await values(typed)).toEqual({
      dir: "a",
      other: "b",
      name: "x",
      port: 1,
      gzip: false,
      pins: ["m", "n"],
      quiet: true,
    });
    expect(await values(["probe", ".", "--http-port", "2"])).toMatchObject({ port: 2 });
  });

  test("a variable speaks where the option is left out, unless it is empty", async () => {
    expect(await values(["probe", "."], { PROBE_NAME: "v" })).toMatchObject({ name: "v" });
    expect(await values(["probe", ".", "-n", "typed"], { PROBE_NAME: "v" })).toMatchObject({ name: "typed" });
    expect(await values(["probe", "."], { PROBE_NAME: "" })).not.toHaveProperty("name");
  });

  test("words after -- are no options", async () => {
    expect(await values(["probe", "--", "-n"])).toMatchObject({ dir: "-n" });
  });
});

describe("a command with a grammar of its own", () => {
  test("gets its words as they were typed", async () => {
    const seen: (readonly string[])[] = [];
    const run = (words: readonly string[]): Promise<0> => {
      seen.push(words);
      return Promise.resolve(exitCodes.ok);
    };
    const foreign = [
      {
        path: "guest",
        usage: "",
        summary: "a guest",
        load: () => Promise.resolve({ run, complete: () => [] }),
      },
    ];
    const table: CommandTable = { summary: "", examples: [], groups: {}, entries: [], foreign };
    await runCli(["guest", "--odd=1", "-x", "y"], { table });
    await runCli(["--no-color", "guest"], { table });
    await runCli(["help", "guest", "noun"], { table });
    expect(seen).toEqual([["--odd=1", "-x", "y"], [], ["noun", "--help"]]);
    expect((await runCli(["gest"], { table })).err).toContain("Did you mean guest?");
  });

  test("lists nouns, verbs and flags", async () => {
    expect((await runCli(["ml", "--help"])).out).toMatchSnapshot();
    expect((await runCli(["ml", "online-endpoint", "--help"])).out).toMatchSnapshot();
    expect((await runCli(["help", "ml", "online-deployment", "create"])).out).toMatchSnapshot();
  });

  test("shows what there is where a verb was forgotten", async () => {
    const { exitCode, out, err } = await runCli(["ml", "online-endpoint"]);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.usage, out: "" });
    expect(err).toContain("get-credentials");
  });

  test("has an example and a meaning for every verb", async () => {
    const { mlLine } = await import("./ml/foreign-command.ts");
    const verbs = mlLine.nouns.flatMap((noun) => noun.verbs);
    expect(verbs.filter(({ examples }) => examples.length === 0)).toEqual([]);
    for (const { path } of verbs) {
      const { exitCode, out } = await runCli(["ml", ...path.split(" "), "-h"]);
      expect(exitCode, path).toBe(0);
      expect(out, path).toContain(`hostler ml ${path}`);
    }
  });
});
