import { expect, it } from "vitest";
import { AnswerStream } from "./answer-stream.ts";

it("holds nobody up any more when all of it has come, though nobody has read it", async () => {
  const flow: string[] = [];
  const stream = new AnswerStream({ pause: () => flow.push("pause"), resume: () => flow.push("resume") });
  stream.push(Buffer.alloc(2 ** 20 + 1));
  expect(flow).toEqual(["pause"]);
  stream.end();
  expect(flow).toEqual(["pause", "resume"]);
  let bytes = 0;
  for await (const piece of stream) bytes += piece.byteLength;
  expect(bytes).toBe(2 ** 20 + 1);
  expect(flow).toEqual(["pause", "resume"]);
});
