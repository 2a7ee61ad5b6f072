import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { watchSignals } from "./signals.ts";

test("the first signal asks, the second insists, and none is heard afterwards", async () => {
  const source = new EventEmitter();
  {
    using signals = watchSignals(source);
    source.emit("SIGTERM");
    expect(await signals.asked).toBe("SIGTERM");
    expect(await Promise.race([signals.insisted, Promise.resolve("quiet")])).toBe("quiet");
    source.emit("SIGINT");
    expect(await signals.insisted).toBe("SIGINT");
  }
  expect([source.listenerCount("SIGINT"), source.listenerCount("SIGTERM")]).toEqual([0, 0]);
});
