import { describe, expect, it } from "vitest";
import { clockContract } from "./clock-contract.ts";
import { VirtualClock } from "./virtual-clock.ts";

clockContract(() => {
  const clock = new VirtualClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});

describe("VirtualClock", () => {
  it("stands still unless it is told", async () => {
    const clock = new VirtualClock();
    await clock.settle();
    expect(clock.now()).toBe(0);
  });

  it("shows a callback the time it was due at, whatever the step", async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.schedule(3, () => {
      seen.push(clock.now());
      clock.schedule(4, () => seen.push(clock.now()));
    });
    await clock.advance(100);
    expect(seen).toEqual([3, 7]);
    expect(clock.now()).toBe(100);
  });

  it("settles chains of promises and deferrals before it goes on", async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    clock.schedule(1, () => {
      clock.defer(() => {
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(() => order.push("first timer's chain"));
      });
    });
    clock.schedule(1, () => order.push("second timer"));
    await clock.advance(1);
    expect(order).toEqual(["first timer's chain", "second timer"]);
  });

  it("goes on until a promise has settled, or says that it never does", async () => {
    const clock = new VirtualClock();
    clock.schedule(50, () => undefined);
    const answer = new Promise<number>((resolve) => {
      clock.schedule(7, () => {
        resolve(clock.now());
      });
    });
    expect(await clock.until(answer)).toBe(7);
    expect(clock.now()).toBe(7);
    await expect(clock.until(Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(clock.until(new Promise(() => undefined))).rejects.toThrow("not settled");
  });

  it("runs out of timers, and counts those that are left", async () => {
    const clock = new VirtualClock();
    clock.schedule(10, () => clock.schedule(1000, () => undefined));
    expect(clock.pending).toBe(1);
    await clock.runOut();
    expect(clock.pending).toBe(0);
    expect(clock.now()).toBe(1010);
  });
});
