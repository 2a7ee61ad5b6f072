import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Returns what `probe` finds as soon as it finds something; for conditions that nothing announces. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`Waited ${String(timeoutMs)} ms in vain for ${what}.`);
    await delay(POLL_MS);
  }
}
