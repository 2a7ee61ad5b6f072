import { afterEach, expect, it, vi } from "vitest";
import { timestamp } from "./timestamp.ts";

afterEach(() => {
  vi.useRealTimers();
});

it.each([
  "2026-11-21T14:03:05.000Z",
  "2026-11-21T14:03:05.007Z",
  "2026-11-21T14:03:05.999Z",
  "1999-12-31T23:59:59.010Z",
])("writes %s as toISOString does", (time) => {
  vi.useFakeTimers({ now: Date.parse(time) });
  expect(timestamp()).toBe(`,"time":"${time}"`);
});
