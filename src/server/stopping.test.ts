import { expect, test } from "vitest";
import { inTurn } from "./stopping.ts";

test("a part that cannot be ended keeps none from its turn", async () => {
  const ended: string[] = [];
  const end = (name: string) => async () => {
    await Promise.resolve();
    ended.push(name);
    if (name.startsWith("bad")) throw new Error(`${name} cannot be ended`);
  };
  await expect(inTurn(end("first"), end("bad one"), end("bad two"), end("last"))).rejects.toThrow("bad one");
  expect(ended).toEqual(["first", "bad one", "bad two", "last"]);
});
