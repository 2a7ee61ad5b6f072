import { expect, test } from "vitest";
import { formatReply } from "./reply.ts";

const reply = JSON.stringify({
  model_name: "m",
  outputs: [
    { name: "predict", datatype: "INT64", shape: [2, 1], data: [8, 4] },
    { name: "label", datatype: "BYTES", shape: [12], data: Array.from("abcdefghijkl") },
  ],
});

test("for people, long data is cut and says so", async () => {
  expect(await formatReply(reply, { output: "table", quiet: false })).toBe(
    [
      "OUTPUT    DATATYPE   SHAPE   DATA",
      "predict   INT64      [2,1]   8, 4",
      'label     BYTES      [12]    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", … (2 more)',
      "",
    ].join("\n"),
  );
});

test("as JSON it is the server's own text", async () => {
  const exact = '{"outputs":[{"data":[9007199254740993]}]}';
  expect(await formatReply(exact, { output: "json", quiet: false })).toBe(`${exact}\n`);
});

test("as YAML it is the same data", async () => {
  expect(await formatReply('{"outputs":[]}', { output: "yaml", quiet: false })).toBe("outputs: []\n");
});

test("quietly it is the values, one output a line", async () => {
  expect(await formatReply(reply, { output: "table", quiet: true })).toMatch(/^\[8,4\]\n\["a",.*\]\n$/);
});

test("an answer of another shape is shown as far as it goes", async () => {
  expect(await formatReply("[]", { output: "table", quiet: false })).toBe(
    "OUTPUT   DATATYPE   SHAPE   DATA\n",
  );
});
