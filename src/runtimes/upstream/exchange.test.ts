import { expect, it } from "vitest";
import { answerOf, textOf } from "./testing/servers.ts";
import { Exchange } from "./exchange.ts";

it("leaves its connection alone once its answer is here: that carries another by then", async () => {
  const carried: string[] = [];
  const body = new Uint8Array();
  const request = { method: "GET", target: "/", headers: [], body };
  const exchange = new Exchange(request, { text: "", length: null });
  exchange.begin({
    pause: () => carried.push("pause"),
    resume: () => carried.push("resume"),
    destroy: () => carried.push("destroy"),
  });
  const bytes = 65_537;
  exchange.onHead({
    status: 200,
    headers: [],
    framing: { kind: "length", bytes },
    isKeptAlive: true,
    keepAliveMs: null,
  });
  exchange.onData(Buffer.alloc(bytes));
  exchange.finish();
  expect(carried).toEqual(["pause"]);
  expect(await textOf((await answerOf(exchange)).body)).toHaveLength(bytes);
  expect(carried).toEqual(["pause"]);
});
