import { describe, expect, test } from "vitest";
import { applyEdits, type Edits } from "./generic-update.ts";

const none: Edits = { set: [], add: [], remove: [], forceString: false };
const thing = {
  name: "blue",
  instance_count: 1,
  tags: { stage: "test" },
  list: [
    { name: "a", value: 1 },
    { name: "b", value: 2 },
  ],
  empty: null,
};

function set(...expressions: readonly string[]): object {
  return applyEdits(thing, { ...none, set: [expressions] });
}

describe("--set", () => {
  test.each([
    ["instance_count=2", { instance_count: 2 }],
    ["name=2x", { name: "2x" }],
    ["name=a=b", { name: "a=b" }],
    ['name="2"', { name: "2" }],
    ["name=True", { name: true }],
    ["name=null", { name: null }],
    ["name=", { name: "" }],
    ["tags.stage=prod", { tags: { stage: "prod" } }],
    ["tags.team=search", { tags: { stage: "test", team: "search" } }],
    ['tags={"a":"b"}', { tags: { a: "b" } }],
    ["new.deep.value=1", { new: { deep: { value: 1 } } }],
    ["empty.x=1", { empty: { x: 1 } }],
    ["list[1].value=7", { list: [thing.list[0], { name: "b", value: 7 }] }],
    ["list[-1].value=7", { list: [thing.list[0], { name: "b", value: 7 }] }],
    ["list[name=a].value=7", { list: [{ name: "a", value: 7 }, thing.list[1]] }],
    ["list[name=a].name=c", { list: [{ name: "c", value: 1 }, thing.list[1]] }],
    ["list[0]=x", { list: ["x", thing.list[1]] }],
  ])("%s", (expression, expected) => {
    expect(set(expression)).toEqual({ ...thing, ...expected });
  });

  test("several, one after the other", () => {
    expect(set("a.b=1", "a.c=2")).toMatchObject({ a: { b: 1, c: 2 } });
  });

  test("takes everything as text where it is told so", () => {
    expect(applyEdits(thing, { ...none, set: [["instance_count=2"]], forceString: true })).toMatchObject({
      instance_count: "2",
    });
  });

  test("changes nothing of what it was given", () => {
    set("list[0].value=9", "tags.stage=prod");
    expect(thing.list[0]).toEqual({ name: "a", value: 1 });
    expect(thing.tags.stage).toBe("test");
  });

  test.each([
    ["name", "usage error: --set KEY=VALUE"],
    ["=x", "usage error: --set KEY=VALUE"],
    ["list[5].value=1", "index 5 doesn't exist on list"],
    ["list[name=z].value=1", "item with value 'z' doesn't exist for key 'name' on list"],
    ["list.value=1", "Couldn't find 'value' in 'list'. Index into the collection 'list' with"],
    ["name.x=1", "Couldn't find 'x' in 'name'. 'name' does not support further indexing."],
    ["tags[0]=1", "Couldn't find '[0]' in 'tags'. Available options: stage"],
  ])("%s is refused", (expression, message) => {
    expect(() => set(expression)).toThrow(message);
  });
});

describe("--add", () => {
  test.each([
    [["list", "name=c", "value=3"], { list: [...thing.list, { name: "c", value: "3" }] }],
    [["list", "x"], { list: [...thing.list, "x"] }],
    [["list", "a=1", "2", "b=3"], { list: [...thing.list, { a: "1" }, 2, { b: "3" }] }],
    [["list", '{"name":"c"}'], { list: [...thing.list, { name: "c" }] }],
    [["fresh.list", "x"], { fresh: { list: ["x"] } }],
    [["empty", "x"], { empty: ["x"] }],
  ])("%j", (words, expected) => {
    expect(applyEdits(thing, { ...none, add: [words] })).toEqual({ ...thing, ...expected });
  });

  test("to what is no list is refused", () => {
    expect(() => applyEdits(thing, { ...none, add: [["tags", "x"]] })).toThrow("'tags' is not a list");
  });
});

describe("--remove", () => {
  test("takes a property, or an item of a list", () => {
    expect(applyEdits(thing, { ...none, remove: [["tags.stage"]] })).toEqual({ ...thing, tags: {} });
    expect(applyEdits(thing, { ...none, remove: [["list", "0"]] })).toEqual({
      ...thing,
      list: [thing.list[1]],
    });
  });

  test("of what is not there is refused", () => {
    expect(() => applyEdits(thing, { ...none, remove: [["nothing"]] })).toThrow("there is no 'nothing'");
    expect(() => applyEdits(thing, { ...none, remove: [["list", "9"]] })).toThrow("index 9 doesn't exist");
  });
});
