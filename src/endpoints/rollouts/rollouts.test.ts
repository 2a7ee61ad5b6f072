import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type RolloutSpec, rolloutSpecSchema } from "../../contracts/control/rollout.ts";
import { actor, deploymentName, endpointName, PlaneRig } from "../testing/plane-rig.ts";
import { sharesAt } from "./shares.ts";

const shop = endpointName("shop");

let rig: PlaneRig;

beforeEach(async () => {
  rig = await PlaneRig.open();
  await rig.putEndpoint("shop");
  await rig.deploy("shop", "blue");
  await rig.deploy("shop", "green");
  await rig.setTraffic("shop", { blue: 100 });
});
afterEach(() => rig.close());

const spec = (fields: Readonly<Record<string, unknown>> = {}): RolloutSpec =>
  rolloutSpecSchema.parse({ to: "green", steps: [10, 50, 100], step_seconds: 10, ...fields });

const start = (fields: Readonly<Record<string, unknown>> = {}) =>
  rig.plane.rollouts.start(shop, spec(fields), actor);

interface Behaviour {
  readonly status?: (call: number) => number;
  readonly ms?: number;
}

/** A hundred calls a second for so long, which each deployment answers in its way. */
async function calls(seconds: number, behaviours: Readonly<Record<string, Behaviour>> = {}): Promise<void> {
  for (let call = 0; call < seconds * 100; call++) {
    const deployment = rig.plane.directory.find("shop")?.next();
    const { status = () => 200, ms = 5 } = behaviours[deployment?.name ?? ""] ?? {};
    deployment?.ended({ status: status(call), totalMs: ms });
    await rig.clock.advance(10);
  }
}

async function traffic(): Promise<unknown> {
  return (await rig.plane.endpoints.get(shop)).traffic;
}

const rollout = () => rig.plane.rollouts.get(shop);

describe("a rollout", () => {
  it("moves the traffic step by step, and says what it did", async () => {
    expect(await rollout()).toBeNull();
    await start();
    expect(await traffic()).toEqual({ blue: 90, green: 10 });
    await calls(11);
    expect(await traffic()).toEqual({ blue: 50, green: 50 });
    await calls(10);
    expect([await traffic(), (await rollout())?.state]).toEqual([{ blue: 0, green: 100 }, "running"]);
    await calls(11);
    expect(await rollout()).toMatchObject({ state: "succeeded", before: { blue: 100 }, reason: null });
    expect((await rig.plane.history.revisions(shop)).map(({ what }) => what).slice(-3)).toEqual([
      "start rollout to green",
      "rollout to green, step 2 of 3",
      "rollout to green, step 3 of 3",
    ]);
  });

  it("goes back within five seconds when the new deployment fails more often", async () => {
    await start();
    await calls(12);
    const brokenAt = rig.clock.now();
    const broken = { green: { status: (call: number) => (call % 10 < 5 ? 500 : 200) } };
    while ((await rollout())?.state === "running") await calls(0.1, broken);
    expect(rig.clock.now() - brokenAt).toBeLessThan(5_000);
    expect(await traffic()).toEqual({ blue: 100, green: 0 });
    expect(await rollout()).toMatchObject({ state: "rolled_back", step: 1 });
    expect((await rollout())?.reason).toMatch(
      /^green: \d.* % of its calls failed, and 0 % of the live deployment's/,
    );
    expect((await rig.plane.history.events(shop)).at(-1)?.reason).toBe("RolloutRolledBack");
  });

  it("sees that what went well for long goes wrong now", async () => {
    await start({ step_seconds: 600, guard_rails: { max_error_rate_increase_percent: 10 } });
    await calls(30);
    const brokenAt = rig.clock.now();
    const broken = { green: { status: (call: number) => (call % 3 === 0 ? 500 : 200) } };
    while ((await rollout())?.state === "running") await calls(0.3, broken);
    expect(rig.clock.now() - brokenAt).toBeLessThan(5_000);
  });

  it("does not blame it for what the live deployment does as well", async () => {
    const status = (call: number): number => (call % 3 === 0 ? 500 : 200);
    await start({ guard_rails: { max_error_rate_increase_percent: 20 } });
    await calls(20, { blue: { status }, green: { status } });
    expect((await rollout())?.state).toBe("running");
  });

  it("goes back when the new deployment is much slower, and not before it has answered enough", async () => {
    await calls(5);
    await start({ guard_rails: { max_p99_ratio: 3, min_requests: 20 } });
    await calls(1.5, { green: { ms: 500 } });
    expect((await rollout())?.state).toBe("running");
    await calls(5, { green: { ms: 500 } });
    expect(await rollout()).toMatchObject({ state: "rolled_back" });
    expect((await rollout())?.reason).toContain("its p99 is");
  });

  it("goes back at once when no instance of it is left", async () => {
    await start();
    await calls(1);
    for (let moment = 0; moment < 60; moment++) {
      for (const instance of rig.launcher.instances) if (instance.order.spec.name === "green") instance.die();
      await calls(0.01);
    }
    expect((await rollout())?.reason).toBe("green: none of its instances is ready (exit code 3)");
  });

  it("goes on after a restart, from its step, once instances are there", async () => {
    await start();
    await calls(11);
    await rig.reopen();
    expect(await traffic()).toEqual({ blue: 50, green: 50 });
    await calls(9);
    expect(await rollout()).toMatchObject({ state: "running", step: 1 });
    await calls(4);
    expect(await rollout()).toMatchObject({ state: "running", step: 2 });
    await calls(15);
    expect((await rollout())?.state).toBe("succeeded");
  });

  it("ends when somebody else moves the traffic, and leaves it there", async () => {
    await start();
    await calls(1);
    await rig.setTraffic("shop", { blue: 60, green: 40 });
    expect(await rollout()).toMatchObject({
      state: "cancelled",
      reason: "the traffic was changed by a test",
    });
    await calls(30);
    expect(await traffic()).toEqual({ blue: 60, green: 40 });
  });

  it.each([
    [true, { blue: 100, green: 0 }],
    [false, { blue: 90, green: 10 }],
  ])("is cancelled, with undo %s", async (undo, expected) => {
    await start();
    const cancelled = await rig.plane.rollouts.cancel(shop, { actor, undo });
    expect(cancelled).toMatchObject({ state: "cancelled", reason: "cancelled by a test" });
    expect(await traffic()).toEqual(expected);
    await expect(rig.plane.rollouts.cancel(shop, { actor, undo })).rejects.toMatchObject({
      code: "CONFLICT",
    });
  });

  it("keeps the deployments that it may need", async () => {
    await start({ steps: [100] });
    await expect(rig.plane.deployments.delete(shop, deploymentName("blue"), actor)).rejects.toMatchObject({
      code: "CONFLICT",
    });
  });
});

describe("a rollout is refused", () => {
  it.each([
    [
      "of steps that do not rise to 100",
      { steps: [50, 20, 100] },
      { code: "INVALID_REQUEST", details: { field: "steps" } },
    ],
    ["of steps that stop before", { steps: [50] }, { code: "INVALID_REQUEST", details: { field: "steps" } }],
    ["to what is not there", { to: "red" }, { code: "DEPLOYMENT_NOT_FOUND" }],
    ["to what has all traffic", { to: "blue" }, { code: "CONFLICT" }],
    [
      "without enough mirrored answers",
      { guard_rails: { max_mirror_disagreement_percent: 1 } },
      { code: "CONFLICT", details: { field: "guard_rails.max_mirror_disagreement_percent" } },
    ],
  ])("%s", async (_name, fields, error) => {
    await expect(start(fields)).rejects.toMatchObject(error);
    expect(await traffic()).toEqual({ blue: 100, green: 0 });
  });

  it("while another one runs, and when the mirrored answers differ", async () => {
    const guard_rails = { max_mirror_disagreement_percent: 10, min_requests: 4 };
    await rig.plane.endpoints.setTraffic(shop, { mirror_traffic: { green: 50 } }, actor);
    const comparison = rig.plane.directory.find("shop")?.comparison;
    const answer = (text: string) => ({ status: 200, body: new TextEncoder().encode(text), totalMs: 1 });
    const compare = (live: string, mirrored: string) =>
      comparison?.compared({
        deployment: deploymentName("green"),
        request: new Uint8Array(),
        live: answer(live),
        mirrored: answer(mirrored),
      });
    for (let count = 0; count < 3; count++) compare("1", "1");
    compare("1", "2");
    await expect(start({ guard_rails })).rejects.toMatchObject({
      message: "25 % of the mirrored answers of green differ from the live ones: the limit is 10 %.",
    });
    for (let count = 0; count < 36; count++) compare("1", "1");
    await start({ guard_rails });
    expect((await rig.plane.endpoints.get(shop)).mirror_traffic).toEqual({});
    await expect(start()).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

describe("the shares of a step", () => {
  it("add up to 100, and the others keep their proportion", () => {
    const shares = fc
      .tuple(fc.nat({ max: 100 }), fc.nat({ max: 100 }), fc.nat({ max: 100 }))
      .filter(([a, b, c]) => a + b + c === 100 && a + b > 0);
    const cuts = fc
      .tuple(fc.nat({ max: 100 }), fc.nat({ max: 100 }))
      .map(
        ([one, other]) => [Math.min(one, other), Math.abs(one - other), 100 - Math.max(one, other)] as const,
      )
      .filter(([a, b]) => a + b > 0);
    fc.assert(
      fc.property(fc.oneof(cuts, shares), fc.integer({ min: 1, max: 100 }), ([a, b, c], percent) => {
        const made = sharesAt({ a, b, c }, "c", percent);
        expect(Object.values(made).reduce((sum, share) => sum + share, 0)).toBe(100);
        expect(made["c"]).toBe(percent);
        for (const [name, before] of [
          ["a", a],
          ["b", b],
        ] as const) {
          const exact = (before * (100 - percent)) / (a + b);
          expect(Math.abs((made[name] ?? 0) - exact)).toBeLessThan(1);
        }
      }),
    );
  });
});

describe("a rollout whose end could not be written, as on a full disk", () => {
  const full = (): never => {
    throw new Error("database or disk is full");
  };
  afterEach(() => vi.restoreAllMocks());

  it("is watched on, and goes back as soon as that can be written", async () => {
    await start();
    await calls(1);
    const broken = { green: { status: () => 500 } };
    const writing = vi.spyOn(DatabaseSync.prototype, "exec").mockImplementation(full);
    await calls(4, broken);
    writing.mockRestore();
    expect(rig.logger.of("a rollout could not be rolled back")).not.toEqual([]);
    await calls(2, broken);
    expect(await traffic()).toEqual({ blue: 100, green: 0 });
    expect((await rollout())?.state).toBe("rolled_back");
  });

  it("can be cancelled again", async () => {
    await start();
    const writing = vi.spyOn(DatabaseSync.prototype, "exec").mockImplementation(full);
    await expect(rig.plane.rollouts.cancel(shop, { actor, undo: true })).rejects.toThrow("disk is full");
    writing.mockRestore();
    expect((await rig.plane.rollouts.cancel(shop, { actor, undo: true })).state).toBe("cancelled");
  });
});
