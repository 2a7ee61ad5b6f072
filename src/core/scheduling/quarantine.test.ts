import { describe, expect, it } from "vitest";
import { FakeWorker } from "../testing/fake-worker.ts";
import { callOf, echo, endingOf, QueueRig } from "../testing/queue-rig.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Quarantine } from "./quarantine.ts";
import type { BatchPolicy } from "./model-queue.ts";

const killer = 666;
const payloadOf = (number: number) => callOf(number).payload;

/** A model that dies of one number. */
function start(options: { readonly policy?: BatchPolicy; readonly window?: number } = {}) {
  const clock = new VirtualClock();
  const worker = new FakeWorker({ clock, window: options.window ?? 1 });
  const rig = new QueueRig(clock, worker, {
    ...options,
    answer: (numbers, batch) => (numbers.includes(killer) ? "crash" : echo(numbers, batch)),
  });
  return { clock, worker, rig };
}

describe("a request that kills workers", () => {
  it("is refused once it has killed two of them alone", async () => {
    const { rig } = start();
    expect(await rig.endings(killer)).toEqual(["WORKER_DIED"]);
    expect(await rig.endings(killer)).toEqual(["WORKER_DIED"]);
    expect(() => rig.submit(killer)).toThrow("killed two workers of m and is refused");
    expect(rig.batches).toEqual([[killer], [killer]]);
    expect(await rig.endings(1)).toEqual([1]);
  });

  it("is not charged with a crash in company, and neither is its company", async () => {
    const { rig } = start();
    expect(await rig.endings(1, killer, 2)).toEqual(["WORKER_DIED", "WORKER_DIED", "WORKER_DIED"]);
    expect(await rig.endings(killer)).toEqual(["WORKER_DIED"]);
    expect(await rig.endings(killer)).toEqual(["WORKER_DIED"]);
    expect(() => rig.submit(killer)).toThrow("refused");
    expect(await rig.endings(1)).toEqual([1]);
  });

  it("leaves its company as suspects, which run alone once and are free again", async () => {
    const { rig } = start();
    await rig.endings(1, killer, 2);
    expect(await rig.endings(1, 2, 3, 4)).toEqual([1, 2, 3, 4]);
    expect(rig.batches.slice(1)).toEqual([[1], [2], [3, 4]]);
    await rig.endings(1, 2, 3);
    expect(rig.batches.at(-1)).toEqual([1, 2, 3]);
  });

  it("takes nobody with it after the first crash, however often it waits already", async () => {
    const { clock, rig } = start();
    const first = endingOf(rig.submit(killer));
    await clock.settle();
    const waiting = [5, killer, 6, killer, killer, 7].map((number) => endingOf(rig.submit(number)));
    await clock.runOut();
    expect(first.ending).toBe("WORKER_DIED");
    expect(waiting.map(({ ending }) => ending)).toEqual([
      5,
      "WORKER_DIED",
      6,
      "REQUEST_QUARANTINED",
      "REQUEST_QUARANTINED",
      7,
    ]);
    expect(rig.batches.filter((batch) => batch.includes(killer))).toEqual([[killer], [killer]]);
    expect(rig.queue.isIdle).toBe(true);
  });

  it("is found out in the batch that waited behind it, too", async () => {
    const { clock, rig } = start({ window: 2, policy: { kind: "when-busy", maxCalls: 3, maxRows: 100 } });
    const calls = [1, 2, killer, 3, killer, 4, killer].map((number) => endingOf(rig.submit(number)));
    await clock.runOut();
    const died = ["WORKER_DIED", "WORKER_DIED", "WORKER_DIED"];
    expect(calls.map(({ ending }) => ending)).toEqual([...died, 3, "WORKER_DIED", 4, "WORKER_DIED"]);
    expect(() => rig.submit(killer)).toThrow("refused");
  });
});

describe("Quarantine", () => {
  it("knows a request by all that the model sees", () => {
    const quarantine = new Quarantine();
    for (let crash = 0; crash < 2; crash += 1) quarantine.crashed([payloadOf(1)]);
    expect(quarantine.verdict(payloadOf(1))).toBe("refused");
    expect(quarantine.verdict(payloadOf(2))).toBe("free");
    const opaque = {
      kind: "opaque",
      contentType: "text/plain",
      headers: {},
      bytes: Uint8Array.of(1),
    } as const;
    quarantine.crashed([opaque]);
    expect(quarantine.verdict({ ...opaque, bytes: Uint8Array.of(1) })).toBe("suspect");
    expect(quarantine.verdict({ ...opaque, contentType: "text/html" })).toBe("free");
    expect(quarantine.verdict({ ...opaque, bytes: Uint8Array.of(2) })).toBe("free");
  });

  it("forgets the oldest when there are too many, the newest never", () => {
    const quarantine = new Quarantine();
    for (let number = 0; number < 1000; number += 1) quarantine.crashed([payloadOf(number)]);
    expect(quarantine.verdict(payloadOf(0))).toBe("free");
    expect(quarantine.verdict(payloadOf(999))).toBe("suspect");
  });

  it("does not take different payloads for each other", () => {
    const quarantine = new Quarantine();
    quarantine.crashed([payloadOf(-1)]);
    let mistaken = 0;
    for (let number = 0; number < 20_000; number += 1) {
      if (quarantine.verdict(payloadOf(number)) !== "free") mistaken += 1;
    }
    expect(mistaken).toBe(0);
  });
});
