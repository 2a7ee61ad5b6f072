import { describe, expect, it } from "vitest";
import { listSchema, pageOf, type Listed } from "./paging.ts";

const items: readonly Listed[] = Array.from({ length: 25 }, (_, index) => ({
  name: `model-${String(index).padStart(2, "0")}`,
  createdAt: index * 1000,
  modifiedAt: index * 1000,
  status: index % 5 === 0 ? "Failed" : "InService",
}));

function names(query: object): readonly string[] {
  return pageOf(items, listSchema.parse(query), (item) => item).items.map(({ name }) => name);
}

describe("lists", () => {
  it("are the newest ten unless more are asked for", () => {
    expect(names({})).toHaveLength(10);
    expect(names({})[0]).toBe("model-24");
    expect(names({ MaxResults: 3, SortBy: "Name", SortOrder: "Ascending" })).toEqual([
      "model-00",
      "model-01",
      "model-02",
    ]);
  });

  it("are told in pages that leave nothing out and nothing twice", () => {
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const query = listSchema.parse({ MaxResults: 4, ...(NextToken === undefined ? {} : { NextToken }) });
      const page = pageOf(items, query, (item) => item);
      seen.push(...page.items.map(({ name }) => name));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toHaveLength(items.length);
    expect(new Set(seen).size).toBe(items.length);
  });

  it("are filtered by name, time and state", () => {
    expect(names({ NameContains: "EL-07" })).toEqual(["model-07"]);
    expect(names({ CreationTimeAfter: 22 })).toEqual(["model-24", "model-23", "model-22"]);
    expect(names({ StatusEquals: "Failed", SortBy: "Name", SortOrder: "Ascending" })).toEqual([
      "model-00",
      "model-05",
      "model-10",
      "model-15",
      "model-20",
    ]);
  });

  it("refuse a token of somebody else's", () => {
    expect(() => names({ NextToken: "bm9uZQ" })).toThrow("NextToken");
  });
});
