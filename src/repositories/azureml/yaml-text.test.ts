import { describe, expect, it } from "vitest";
import { Complaint } from "../shared/complaint.ts";
import { fillTemplates } from "./templates.ts";
import { YamlText } from "./yaml-text.ts";

function read(text: string, variables: Readonly<Record<string, string>> = {}): YamlText {
  return new YamlText(text, fillTemplates(text, variables), "file.yml");
}

describe("values", () => {
  it.each<readonly [string, unknown]>([
    ["yes", true],
    ["Off", false],
    ["y", "y"],
    ["N", "N"],
    ["~", null],
    ["", null],
    ["010", 8],
    ["08", "08"],
    ["0x1F", 31],
    ["-0b101", -5],
    ["1_000", 1000],
    ["1:30", 90],
    ["-1:30", -90],
    ["1:30.5", 90.5],
    ["1e3", "1e3"],
    ["1.0e3", "1.0e3"],
    ["1.0e+3", 1000],
    [".5", 0.5],
    ["-.5", "-.5"],
    ["1.", 1],
    ["-.inf", Number.NEGATIVE_INFINITY],
    [".nan", Number.NaN],
    ["2024-01-01", "2024-01-01"],
    ["!!str 1", "1"],
    ["'1'", "1"],
    ["=", "="],
  ])("reads %s as PyYAML does", (text, value) => {
    expect(read(`a: ${text}`).value).toEqual({ a: value });
  });

  it("keeps the point of a number that becomes text", () => {
    const text = "version: 1.0\nmodel: {version: 2.50}\ntags: {a: 3.0}\ncount: 4.0\n";
    expect(read(text).value).toEqual({
      version: "1.0",
      model: { version: "2.5" },
      tags: { a: "3.0" },
      count: 4,
    });
  });

  it("takes the last of equal keys, and merges", () => {
    const text = "a: 1\na: 2\nb: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}\nd: *b\n";
    expect(read(text).value).toEqual({
      a: 2,
      b: { x: 1, y: 2 },
      c: { x: 1, y: 3 },
      d: { x: 1, y: 2 },
    });
  });

  it("keeps keys that mean something to JavaScript", () => {
    const { value } = read("tags: {__proto__: x, constructor: y}");
    expect(JSON.stringify(value)).toBe('{"tags":{"__proto__":"x","constructor":"y"}}');
  });
});

describe("places", () => {
  const yaml = read("a: 1\nb:\n  - x\n  - c: {d: 5}\na: 2\nbase: &base {m: 1}\nmerged:\n  <<: *base\n", {});

  it.each<readonly [readonly (string | number)[], string, string]>([
    [[], "1:1", "1:1"],
    [["a"], "5:1", "5:4"],
    [["b", 0], "3:5", "3:5"],
    [["b", 1, "c", "d"], "4:9", "4:12"],
    [["b", 7, "c"], "2:1", "3:3"],
    [["merged", "m"], "6:14", "6:17"],
    [["nothing"], "1:1", "1:1"],
  ])("finds %j", (path, key, value) => {
    expect(yaml.whereKey(path)).toBe(`file.yml:${key}`);
    expect(yaml.where(path)).toBe(`file.yml:${value}`);
  });

  it("are those of the original, templates and all", () => {
    const filled = read("# {{X}}\na: {{LONG}} # {{X}}\nb: ${X}y\n", { LONG: "two\n  lines", X: "" });
    expect(filled.value).toEqual({ a: "two lines", b: "y" });
    expect(filled.where(["a"])).toBe("file.yml:2:4");
    expect(filled.where(["b"])).toBe("file.yml:3:8");
  });
});

describe("mistakes", () => {
  const deep = `a: ${"[".repeat(200)}${"]".repeat(200)}`;
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f", "g", "h"]
    .map((name, index) => {
      const alias = `*${String.fromCharCode(97 + index)}`;
      return `${name}: &${name} [${Array<string>(10).fill(alias).join(",")}]`;
    })
    .join("\n")}`;

  it.each([
    ["a: 1\n  b: 2", "file.yml:1:4", "not YAML"],
    ["a:\n\tb: 2", "file.yml:2:1", "not YAML"],
    ['a: "b', "file.yml:1:6", "not YAML"],
    ["a: 1\n---\nb: 2", "file.yml:2:1", "a second document"],
    ["a: !!python/object:os.x {}", "file.yml:1:4", "not YAML"],
    ["a: !!binary aGk=", "file.yml:1:4", "not YAML"],
    ["a: *unknown", "file.yml", "Unresolved alias"],
    [deep, "file.yml", "deep"],
    [bomb, "file.yml", "alias"],
    ["a: &a [*a]", "file.yml", "not usable as YAML"],
  ])("refuses %.30j", (text, where, reason) => {
    const complaint = complaintAbout(text);
    expect(complaint.where).toBe(where);
    expect(complaint.reason).toContain(reason);
    expect(complaint.reason).not.toContain("\n");
  });
});

function complaintAbout(text: string): Complaint {
  try {
    return expect.fail(JSON.stringify(read(text).value).slice(0, 200));
  } catch (error) {
    if (error instanceof Complaint) return error;
    throw error;
  }
}
