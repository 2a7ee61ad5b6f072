import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { CallLine } from "./call-line.ts";
import { PendingInvoke } from "./pending-invoke.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

function callFor(id: string): PendingInvoke {
  return new PendingInvoke({ id, headers: [], inputs: [] }, 0, () => undefined);
}

describe("a line in which somebody always waits", () => {
  it("lets go of those who have left", async () => {
    const line = new CallLine({
      ...{ clock: new VirtualClock(), limit: 100, maxWaitMs: 1e6 },
      expired: () => undefined,
    });
    const seen: WeakRef<PendingInvoke>[] = [];
    const join = (id: string): void => {
      const call = callFor(id);
      seen.push(new WeakRef(call));
      line.join(call);
    };
    for (let first = 0; first < 10; first += 1) join(String(first));
    for (let later = 10; later < 1000; later += 1) {
      join(String(later));
      expect(line.take(1).map(({ request }) => request.id)).toEqual([String(later - 10)]);
    }
    // References are let go of in a later turn of the event loop than the one that they were looked at in.
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof collectGarbage === "function") Reflect.apply(collectGarbage, undefined, []);
    const kept = seen.filter((reference) => reference.deref() !== undefined);
    expect(kept.length).toBeLessThan(50);
    expect(line.take(20).map(({ request }) => request.id)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(990 + index)),
    );
  });
});
