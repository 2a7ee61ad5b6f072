import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { saysYes } from "./confirm.ts";

function typed(text: string): Promise<boolean> {
  const input = new PassThrough();
  input.end(text);
  return saysYes(input, new PassThrough());
}

it("only a yes is one; input that ends without an answer is a no, and is not waited for", async () => {
  expect(await typed("y\n")).toBe(true);
  expect(await typed("YES\n")).toBe(true);
  expect(await typed("n\n")).toBe(false);
  expect(await typed("")).toBe(false);
});

it("a prompt that is broken off with a key is a no", async () => {
  const [input, output] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  input.write("\x04");
  expect(await saysYes(input, output)).toBe(false);
});
