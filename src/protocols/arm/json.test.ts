import { expect, it } from "vitest";
import { wordSchema } from "./json.ts";

it("a word that every object has of its own accord is none of the list", () => {
  const schema = wordSchema({ enabled: "enabled" });
  expect(schema.parse("Enabled")).toBe("enabled");
  expect(schema.safeParse("constructor").success).toBe(false);
});
