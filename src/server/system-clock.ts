import type { Clock, Timer } from "../core/ports/clock.ts";

/** Longest delay that a Node.js timer can hold; a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, callback): Timer {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), longestDelayMs));
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  defer(callback) {
    setImmediate(callback);
  },
};
