import { describe, expect, it } from "vitest";
import { Complaint } from "../shared/complaint.ts";
import { applyOverride } from "./overrides.ts";

describe("applyOverride", () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, unknown]>([
    ["a", {}, { a: "v" }],
    ["a", { a: { b: 1 } }, { a: "v" }],
    ["a.b.c", {}, { a: { b: { c: "v" } } }],
    ["a.b", { a: { b: 1, c: 2 } }, { a: { b: "v", c: 2 } }],
    ["a.b", { a: null }, { a: { b: "v" } }],
    ["a[0]", {}, { a: ["v"] }],
    ["a[0].b", { a: [{ b: 1, c: 2 }, 3] }, { a: [{ b: "v", c: 2 }, 3] }],
    ["a.1", { a: [1, 2] }, { a: [1, "v"] }],
    ["a[2]", { a: [1, 2] }, { a: [1, 2, "v"] }],
    ["a[0][1]", { a: [[1, 2]] }, { a: [[1, "v"]] }],
    ["tags.x\\.y", { tags: { z: 1 } }, { tags: { z: 1, "x.y": "v" } }],
    ["__proto__.a", {}, JSON.parse('{"__proto__":{"a":"v"}}')],
  ])("puts %s into %j", (path, document, expected) => {
    const before = JSON.stringify(document);
    expect(JSON.stringify(applyOverride(document, { path, value: "v" }).document)).toBe(
      JSON.stringify(expected),
    );
    expect(JSON.stringify(document)).toBe(before);
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ["model.path", { model: "azureml:m:1" }, "Cannot use '--set' on properties defined by reference strings"],
    ["a[5]", { a: [1] }, "5 is no index of a list of 1"],
    ["a.x", { a: [1] }, "x is no index of a list of 1"],
    ["", {}, "no name before the ="],
  ])("refuses %s for %j", (path, document, reason) => {
    const put = (): unknown => applyOverride(document, { path, value: "v" });
    expect(put).toThrow(Complaint);
    expect(put).toThrow(reason);
    expect(put).toThrow(`--set ${path}`);
  });

  it("names the flag that it came from", () => {
    const { applied } = applyOverride({}, { path: "endpoint_name", value: "e", origin: "--endpoint-name" });
    expect(applied).toEqual({ path: ["endpoint_name"], origin: "--endpoint-name" });
  });
});
