import { parse } from "yaml";
import { expect, test } from "vitest";
import { type Listing, outputOption, printListing, type PrintOptions } from "./output.ts";
import { keptContext } from "./testing/run-cli.ts";

const listing: Listing<{ readonly name: string }> = {
  columns: [{ title: "NAME", cell: ({ name }) => name }],
  rows: [{ name: "a" }, { name: "b" }],
  nameOf: ({ name }) => name,
  data: {
    things: [
      { name: "a", secret: null },
      { name: "b", secret: 1 },
    ],
  },
  ifEmpty: "Nothing here.",
};

async function print(options: PrintOptions, shown = listing): Promise<{ out: string; err: string }> {
  const context = keptContext();
  await printListing(shown, options, context);
  return { out: context.out.kept, err: context.err.kept };
}

test("a table for people", async () => {
  expect(await print({ output: "table", quiet: false })).toEqual({ out: "NAME\na\nb\n", err: "" });
});

test("all of it for programs", async () => {
  const json = await print({ output: "json", quiet: false });
  expect(JSON.parse(json.out)).toEqual(listing.data);
  const yaml = await print({ output: "yaml", quiet: false });
  expect(parse(yaml.out)).toEqual(listing.data);
});

test("names only", async () => {
  expect(await print({ output: "json", quiet: true })).toEqual({ out: "a\nb\n", err: "" });
});

test("nothing is said on standard error, so that a pipe stays empty", async () => {
  const empty = { ...listing, rows: [] };
  expect(await print({ output: "table", quiet: false }, empty)).toEqual({ out: "", err: "Nothing here.\n" });
  expect(await print({ output: "table", quiet: true }, empty)).toEqual({ out: "", err: "" });
});

test("an unknown format names the known ones", () => {
  expect(outputOption.read("json")).toBe("json");
  expect(outputOption.read(undefined)).toBe("table");
  expect(() => outputOption.read("xml")).toThrow('--output cannot be "xml".');
});
