import { describe, expect, it } from "vitest";
import { LoadSlots } from "./load-slots.ts";

describe("LoadSlots", () => {
  it("runs so many at once, the others in their order, whether they fail or not", async () => {
    const slots = new LoadSlots(2);
    const log: string[] = [];
    const gates = ["a", "b", "c", "d"].map((name) => ({ name, gate: Promise.withResolvers<string>() }));
    const runs = gates.map(({ name, gate }) =>
      slots.run(() => {
        log.push(name);
        return gate.promise;
      }),
    );
    const results = Promise.allSettled(runs);
    await Promise.resolve();
    expect(log).toEqual(["a", "b"]);
    for (const { name, gate } of gates) {
      if (name === "b") gate.reject(new Error(name));
      else gate.resolve(name);
    }
    expect((await results).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(log).toEqual(["a", "b", "c", "d"]);
    await expect(slots.run(() => Promise.resolve("again"))).resolves.toBe("again");
  });
});
