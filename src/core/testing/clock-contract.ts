import { describe, expect, it } from "vitest";
import type { Clock } from "../ports/clock.ts";

export interface ClockSubject {
  readonly clock: Clock;
  /** Lets this much time pass on the clock. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Node's timers count whole milliseconds, and may cut off what is left of one. */
const slackMs = 1;

/** What the core relies on, of the real clock and of the virtual one. */
export function clockContract(make: () => ClockSubject): void {
  keepsOrder(make);
  describe("clock contract", () => {
    it("never goes back, and goes on while time passes", async () => {
      const { clock, pass } = make();
      const before = clock.now();
      expect(clock.now()).toBeGreaterThanOrEqual(before);
      await pass(5);
      expect(clock.now()).toBeGreaterThanOrEqual(before + 5 - slackMs);
    });

    it("calls back once, after the delay and never at once", async () => {
      const { clock, pass } = make();
      const startedAt = clock.now();
      const firedAt: number[] = [];
      clock.schedule(4, () => firedAt.push(clock.now() - startedAt));
      expect(firedAt).toEqual([]);
      await pass(20);
      expect(firedAt).toHaveLength(1);
      expect(firedAt[0]).toBeGreaterThanOrEqual(4 - slackMs);
      await pass(5);
      expect(firedAt).toHaveLength(1);
    });

    it("takes a callback back, however often it is asked to", async () => {
      const { clock, pass } = make();
      const fired: string[] = [];
      const cancelled = clock.schedule(2, () => fired.push("cancelled"));
      const late = clock.schedule(1, () => fired.push("late"));
      cancelled.cancel();
      cancelled.cancel();
      await pass(20);
      late.cancel();
      expect(fired).toEqual(["late"]);
    });
  });
}

function keepsOrder(make: () => ClockSubject): void {
  describe("clock contract: order", () => {
    it("keeps the order of different delays, and of equal ones", async () => {
      const { clock, pass } = make();
      const fired: string[] = [];
      clock.schedule(8, () => fired.push("third"));
      clock.schedule(2, () => fired.push("first"));
      clock.schedule(2, () => fired.push("second"));
      await pass(30);
      expect(fired).toEqual(["first", "second", "third"]);
    });

    it("takes a delay that is over already for one of no length", async () => {
      const { clock, pass } = make();
      const fired: string[] = [];
      clock.schedule(-5, () => fired.push("past"));
      expect(fired).toEqual([]);
      await pass(5);
      expect(fired).toEqual(["past"]);
    });

    it("defers to after what is being handled, promises included, in order", async () => {
      const { clock, pass } = make();
      const order: string[] = [];
      clock.defer(() => order.push("deferred"));
      clock.defer(() => order.push("deferred later"));
      void Promise.resolve().then(() => order.push("promise"));
      order.push("now");
      await pass(5);
      expect(order).toEqual(["now", "promise", "deferred", "deferred later"]);
    });
  });
}
