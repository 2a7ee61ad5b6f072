import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { CallTally } from "./call-tally.ts";

describe("the tally of a deployment's calls", () => {
  it("knows quantiles to a few percent", () => {
    const tally = new CallTally(new VirtualClock());
    for (let ms = 1; ms <= 1000; ms += 1) tally.answered(200, ms);
    const { requests, errors, p50_ms, p95_ms, p99_ms } = tally.total();
    expect({ requests, errors }).toEqual({ requests: 1000, errors: 0 });
    for (const [measured, exact] of [
      [p50_ms, 500],
      [p95_ms, 950],
      [p99_ms, 990],
    ] as const) {
      expect(Math.abs((measured ?? 0) / exact - 1)).toBeLessThan(0.03);
    }
  });

  it("counts what failed, and no latency where there was no answer", () => {
    const tally = new CallTally(new VirtualClock());
    tally.answered(200, 10);
    tally.answered(404, 10);
    tally.answered(500, 10);
    tally.refused();
    expect(tally.total()).toMatchObject({ requests: 4, errors: 2 });
  });

  it("forgets for the last minute what is older, and takes any latency", async () => {
    const clock = new VirtualClock();
    const tally = new CallTally(clock);
    tally.answered(200, 0);
    await clock.advance(50_000);
    tally.answered(500, 1e9);
    expect(tally.lastMinute()).toMatchObject({ requests: 2, errors: 1 });
    await clock.advance(15_000);
    expect(tally.lastMinute()).toMatchObject({ requests: 1, errors: 1 });
    await clock.advance(3_600_000);
    expect(tally.lastMinute()).toEqual({ requests: 0, errors: 0, p50_ms: null, p95_ms: null, p99_ms: null });
    expect(tally.total().requests).toBe(2);
  });
});
