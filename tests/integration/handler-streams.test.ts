import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { handlerRequest, textOf, useHandlers } from "../support/handler-rig.ts";
import { until } from "../support/until.ts";

const rig = useHandlers();

it("sends on what its handler yields while it yields it", async () => {
  const handler = await rig.start(`
import os, time
def handle(data, context):
  if data is None: return
  context.set_response_content_type(0, "text/event-stream")
  def pieces():
      yield "first"
      while not os.path.exists("go on"): time.sleep(0.01)
      yield b"second"
      yield {"third": 3}
  return [pieces()]
`);
  const outcome = await handler.run([handlerRequest("")]);
  if (outcome.kind !== "answered") throw new Error(JSON.stringify(outcome));
  const [item] = outcome.items;
  if (item === undefined || item.body instanceof Uint8Array) throw new Error("it does not come in pieces");
  expect(item.contentType).toBe("text/event-stream");
  const read: string[] = [];
  for await (const piece of item.body) {
    read.push(Buffer.from(piece).toString());
    if (read.length === 1) await writeFile(join(rig.folder, "go on"), "");
  }
  expect(read.join("|").replace(/\s/g, "")).toBe('first|second|{"third":3}');
  await outcome.streamed;
  // What is one of several answers cannot be sent as it comes: it is sent whole.
  const two = await handler.run([handlerRequest(""), handlerRequest("")]).then(textOf);
  expect(two).toContain("number of batch response mismatched");
});

it("cuts an answer off whose handler fails, or whose process ends, while it is sent", async () => {
  const handler = await rig.start(`
import os
def handle(data, context):
  if data is None: return
  def pieces():
      yield b"first"
      os._exit(3) if data[0]["body"] else 1 / 0
  return [pieces()]
`);
  for (const body of ["", "ends"]) {
    const outcome = await handler.run([handlerRequest(body)]);
    if (outcome.kind !== "answered") throw new Error(JSON.stringify(outcome));
    const pieces = outcome.items[0]?.body ?? Buffer.alloc(0);
    if (pieces instanceof Uint8Array) throw new Error("it does not come in pieces");
    const read = async (): Promise<void> => {
      for await (const piece of pieces) expect(Buffer.from(piece).toString()).toBe("first");
    };
    await expect(read()).rejects.toThrow(body === "" ? "failed while it streamed" : "process of the handler");
    await outcome.streamed;
  }
  await until("the traceback", () => rig.lines.find((line) => line.includes("ZeroDivisionError")));
});
