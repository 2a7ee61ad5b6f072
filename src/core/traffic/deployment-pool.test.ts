import { describe, expect, it } from "vitest";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Admission, Lease } from "../ports/endpoint-directory.ts";
import { FakeBackend } from "../testing/fake-backend.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { DeploymentPool } from "./deployment-pool.ts";

const blue = { endpoint: endpointNameSchema.parse("shop"), name: deploymentNameSchema.parse("blue") };
const routes = { liveness: "/", readiness: "/", scoring: "/score" };
const taking = (parallelCalls: number | null) => ({ parallelCalls, routes });
const noLimits = { timeoutMs: 5000, maxConcurrentPerInstance: null, maxQueueWaitMs: null };

function rig(limits: Partial<Parameters<DeploymentPool["configure"]>[0]> = {}) {
  const clock = new VirtualClock();
  const pool = new DeploymentPool({ ...blue, clock });
  pool.configure({ ...noLimits, ...limits });
  return { clock, pool };
}

function leaseOf(admission: Admission): Lease {
  if (admission.kind !== "admitted") throw new Error(`Expected a place, got ${admission.kind}.`);
  return admission.lease;
}

function waitingOf(admission: Admission): Extract<Admission, { kind: "waiting" }> {
  if (admission.kind !== "waiting") throw new Error(`Expected to wait, got ${admission.kind}.`);
  return admission;
}

async function codeOf(lease: Promise<Lease>): Promise<string> {
  return lease.then(
    () => "a place",
    (error: unknown) => (error instanceof ServingError ? error.code : "a foreign error"),
  );
}

describe("the instances of a deployment", () => {
  it("get calls in turn while they are equally busy", () => {
    const { pool } = rig();
    const backends = [new FakeBackend(), new FakeBackend(), new FakeBackend()];
    for (const backend of backends) pool.add(backend, taking(null));
    const taken = backends.map(() => leaseOf(pool.admit()).backend);
    expect(new Set(taken)).toEqual(new Set(backends));
  });

  it("get the next call where they have the fewest", () => {
    const { pool } = rig();
    pool.add(new FakeBackend(), taking(null));
    pool.add(new FakeBackend(), taking(null));
    const leases = [1, 2, 3, 4].map(() => leaseOf(pool.admit()));
    const [first] = leases;
    if (first === undefined) throw new Error("No lease.");
    first.release();
    expect(leaseOf(pool.admit()).backend).toBe(first.backend);
  });

  it("get no calls while they are not ready, and those that waited when they are", async () => {
    const { pool, clock } = rig();
    const member = pool.add(new FakeBackend(), taking(null));
    member.setReady(false);
    const waiting = waitingOf(pool.admit());
    member.setReady(true);
    await clock.settle();
    expect(await codeOf(waiting.lease)).toBe("a place");
  });

  it("rest after one could not be reached, and others take its calls", async () => {
    const { pool, clock } = rig();
    pool.add(new FakeBackend(), taking(null));
    const second = new FakeBackend();
    const lease = leaseOf(pool.admit());
    lease.release("unreachable");
    const waiting = waitingOf(pool.admit());
    pool.add(second, taking(null));
    expect((await waiting.lease).backend).toBe(second);
    expect(leaseOf(pool.admit()).backend).toBe(second);
    await clock.advance(1000);
    expect(leaseOf(pool.admit()).backend).toBe(lease.backend);
  });

  it("drain: no new calls, and an end with the last one", async () => {
    const { pool, clock } = rig();
    const member = pool.add(new FakeBackend(), taking(null));
    const lease = leaseOf(pool.admit());
    let isDrained = false;
    const drained = member.drain(10_000).then(() => {
      isDrained = true;
    });
    const waiting = waitingOf(pool.admit());
    await clock.settle();
    expect(isDrained).toBe(false);
    lease.release();
    await drained;
    await member.drain(10_000);
    pool.close();
    expect(await codeOf(waiting.lease)).toBe("INSTANCE_NOT_READY");
    expect(clock.pending).toBe(0);
  });

  it("drain also while they rest, and leave no timer behind", async () => {
    const { pool, clock } = rig();
    const member = pool.add(new FakeBackend(), taking(null));
    leaseOf(pool.admit()).release("unreachable");
    await member.drain(10_000);
    expect(clock.pending).toBe(0);
  });

  it("drain for no longer than they may, and a second time for less", async () => {
    const { pool, clock } = rig();
    const member = pool.add(new FakeBackend(), taking(null));
    leaseOf(pool.admit());
    const long = member.drain(10_000);
    const before = clock.now();
    await clock.until(member.drain(100));
    expect(clock.now() - before).toBe(100);
    await clock.until(long);
    expect(clock.now() - before).toBe(10_000);
  });
});

describe("calls to a deployment", () => {
  it("wait for the first instance, and go in the order they came", async () => {
    const { pool, clock } = rig();
    const order: number[] = [];
    for (const number of [1, 2, 3]) {
      void waitingOf(pool.admit()).lease.then((lease) => {
        order.push(number);
        lease.release();
      });
    }
    pool.add(new FakeBackend(), taking(1));
    await clock.settle();
    expect(order).toEqual([1, 2, 3]);
  });

  it("are as many at once in an instance as it works on", async () => {
    const { pool, clock } = rig();
    pool.add(new FakeBackend(), taking(2));
    const leases = [leaseOf(pool.admit()), leaseOf(pool.admit())];
    const waiting = waitingOf(pool.admit());
    expect(pool.metrics()).toMatchObject({ inFlight: 2, queued: 1 });
    leases[0]?.release();
    leases[0]?.release();
    await clock.settle();
    expect(await codeOf(waiting.lease)).toBe("a place");
    expect(pool.metrics()).toMatchObject({ inFlight: 2, queued: 0 });
  });

  it("leave the line when they are given up, and give back what they got meanwhile", async () => {
    const { pool, clock } = rig();
    pool.add(new FakeBackend(), taking(1));
    const lease = leaseOf(pool.admit());
    const [left, late, last] = [waitingOf(pool.admit()), waitingOf(pool.admit()), waitingOf(pool.admit())];
    left.abandon();
    lease.release();
    late.abandon();
    await clock.settle();
    expect(await codeOf(last.lease)).toBe("a place");
    expect(pool.metrics()).toMatchObject({ inFlight: 1, queued: 0 });
  });

  it("are refused beyond twice what the instances may have at once, with a time to come again", async () => {
    const { pool, clock } = rig({ maxConcurrentPerInstance: 2 });
    pool.add(new FakeBackend(), taking(null));
    pool.add(new FakeBackend(), taking(null));
    const slow = leaseOf(pool.admit());
    await clock.advance(40_000);
    slow.release();
    const admissions = Array.from({ length: 9 }, () => pool.admit());
    expect(admissions.map(({ kind }) => kind)).toEqual([
      ...Array<string>(4).fill("admitted"),
      ...Array<string>(4).fill("waiting"),
      "refused",
    ]);
    const [refused] = admissions.slice(-1);
    if (refused?.kind !== "refused") throw new Error("Not refused.");
    expect(refused.reason).toBe("too-many-requests");
    // Eight calls of 40 s for four places take 80 s; nobody is asked to wait longer than a minute.
    expect(refused.retryAfterS).toBe(60);
    expect(pool.metrics().total).toMatchObject({ requests: 1, errors: 1, p50_ms: null });
  });

  it("wait no longer than the settings let them", async () => {
    const { pool, clock } = rig({ maxQueueWaitMs: 300 });
    pool.add(new FakeBackend(), taking(1));
    leaseOf(pool.admit());
    const waiting = waitingOf(pool.admit());
    expect(await clock.until(codeOf(waiting.lease))).toBe("QUEUE_FULL");
    expect(clock.now()).toBe(300);
    expect(pool.metrics().queued).toBe(0);
  });

  it("are not counted as too late when they got a place in time", async () => {
    const { pool, clock } = rig({ maxQueueWaitMs: 300 });
    const waiting = waitingOf(pool.admit());
    pool.add(new FakeBackend(), taking(1));
    expect(await codeOf(waiting.lease)).toBe("a place");
    await clock.advance(1000);
    expect(pool.metrics().total).toMatchObject({ requests: 0, errors: 0 });
  });

  it("are not taken into an endless line", () => {
    const { pool } = rig();
    const kinds = Array.from({ length: 1001 }, () => pool.admit().kind);
    expect(kinds.filter((kind) => kind === "waiting")).toHaveLength(1000);
    expect(kinds.at(-1)).toBe("refused");
  });

  it("are refused when the deployment is gone", async () => {
    const { pool } = rig();
    const waiting = waitingOf(pool.admit());
    pool.close();
    expect(await codeOf(waiting.lease)).toBe("INSTANCE_NOT_READY");
    expect(pool.admit()).toMatchObject({ kind: "refused", reason: "not-ready" });
  });
});

describe("copies", () => {
  it("take only what is free, and leave a place for live calls as soon as there are any", () => {
    const { pool } = rig();
    pool.add(new FakeBackend(), taking(2));
    const copy = pool.admitMirror();
    expect(copy).not.toBeNull();
    const live = leaseOf(pool.admit());
    copy?.release();
    expect(pool.admitMirror()).toBeNull();
    live.release();
    expect(pool.admitMirror()).not.toBeNull();
    expect(pool.admitMirror()).not.toBeNull();
    expect(pool.admitMirror()).toBeNull();
  });

  it("never wait", () => {
    const { pool } = rig();
    expect(pool.admitMirror()).toBeNull();
    expect(pool.metrics().queued).toBe(0);
  });

  it("are bounded where the instance takes any number", () => {
    const { pool } = rig();
    pool.add(new FakeBackend(), taking(null));
    const copies = Array.from({ length: 100 }, () => pool.admitMirror());
    expect(copies.filter((copy) => copy !== null)).toHaveLength(32);
  });
});
