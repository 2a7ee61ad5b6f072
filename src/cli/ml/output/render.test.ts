import { describe, expect, test } from "vitest";
import { keptContext } from "../../testing/run-cli.ts";
import type { OutputFormat } from "../grammar/global-flags.ts";
import type { JsonValue } from "./json-value.ts";
import { parseQuery } from "./query.ts";
import { render, type RenderOptions } from "./render.ts";

const { colors } = keptContext().terminal.out;

async function as(
  format: OutputFormat,
  value: JsonValue,
  options: Partial<RenderOptions> = {},
): Promise<string> {
  return await render(value, { format, isQueried: false, colors, ...options });
}

const endpoint = {
  name: "e",
  id: "/subscriptions/0",
  traffic: { blue: 90, green: 10 },
  isReady: true,
  count: 2,
  list: [1, 2, 3],
  gone: null,
  absent: undefined,
};

describe("json", () => {
  test("has its keys in order, and none that is absent", async () => {
    expect(await as("json", { b: { d: [], c: {} }, a: "ü", absent: undefined })).toBe(
      '{\n  "a": "ü",\n  "b": {\n    "c": {},\n    "d": []\n  }\n}\n',
    );
  });

  test("quotes a text, as the answer of a model is one", async () => {
    expect(await as("json", '{"a": "b"}')).toBe('"{\\"a\\": \\"b\\"}"\n');
    expect(await as("jsonc", { a: "b" })).toBe('{\n  "a": "b"\n}\n');
  });
});

describe("tsv", () => {
  test.each<[JsonValue, string]>([
    ["Succeeded", "Succeeded\n"],
    ['{"a": "b"}', '{"a": "b"}\n'],
    [true, "true\n"],
    [3, "3\n"],
    [["a", "b"], "a\nb\n"],
    [[], ""],
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      "a\t1\nb\t2\n",
    ],
    [endpoint, "2\tNone\t/subscriptions/0\tTrue\t3\te\t\n"],
    [[{ b: 1, a: 2 }], "2\t1\n"],
  ])("%j", async (value, expected) => {
    expect(await as("tsv", value)).toBe(expected);
  });

  test("keeps the order of a query", async () => {
    expect(await as("tsv", [{ b: 1, a: 2 }], { isQueried: true })).toBe("1\t2\n");
  });
});

describe("table", () => {
  test("shows what is flat", async () => {
    expect(await as("table", [endpoint, { name: "longer-name", extra: 1.5 }])).toBe(
      [
        "Count    IsReady    Name         Extra",
        "-------  ---------  -----------  -------",
        "2        True       e",
        "                    longer-name  1.5",
        "",
      ].join("\n"),
    );
  });

  test("shows what it is told to, or what was asked for", async () => {
    const value = { id: "x", b: 1, a: 2 };
    expect(await as("table", value, { columns: ["b", "a"] })).toBe("B    A\n---  ---\n1    2\n");
    expect(await as("table", value, { columns: ["b"], isQueried: true })).toBe("B    A\n---  ---\n1    2\n");
    expect(await as("table", "Succeeded", { isQueried: true })).toBe("Result\n---------\nSucceeded\n");
    expect(await as("table", [["a", 1]], { isQueried: true })).toBe(
      "Column1    Column2\n---------  ---------\na          1\n",
    );
  });

  test("of nothing is nothing, and of what is not flat an error", async () => {
    expect(await as("table", [])).toBe("");
    await expect(as("table", { traffic: {} })).rejects.toThrow("Table output unavailable.");
  });
});

test("yaml", async () => {
  expect(await as("yaml", { b: ["x", { c: 1 }], a: "yes", d: {}, e: null, f: "1", g: [] })).toBe(
    "a: 'yes'\nb:\n- x\n- c: 1\nd: {}\ne: null\nf: '1'\ng: []\n",
  );
  expect(await as("yaml", "Succeeded")).toBe("Succeeded\n...\n");
});

test("none", async () => {
  expect(await as("none", endpoint)).toBe("");
});

describe("--query", () => {
  test.each<[string, JsonValue]>([
    ["name", "e"],
    ["traffic.blue", 90],
    ['properties."azureml.onlineendpointid"', null],
    ["{n: name, c: count}", { n: "e", c: 2 }],
    ["nothing", null],
    ["list[?@ > `1`]", [2, 3]],
  ])("%s", async (query, expected) => {
    const ask = await parseQuery(query);
    expect(ask({ ...endpoint })).toEqual(expected);
  });

  test("that cannot be read is refused before anything is done", async () => {
    await expect(parseQuery("[[")).rejects.toMatchObject({ exitCode: 2 });
    const ask = await parseQuery("length(count)");
    expect(() => ask({ ...endpoint })).toThrow("argument --query: invalid jmespath_type value");
  });
});
