import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, runs } from "../core/testing/fuzz.ts";
import { actor, deploymentName, endpointName, PlaneRig } from "./testing/plane-rig.ts";

const endpoint = fc.constantFrom("shop", "desk");
const deployment = fc.constantFrom("blue", "green");

const anyDeployment = fc.record({
  do: fc.constant("put deployment" as const),
  endpoint,
  deployment,
  count: fc.integer({ min: 1, max: 2 }),
  crashes: fc.boolean(),
});
const anyStep = fc.oneof(
  { weight: 4, arbitrary: anyDeployment },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("put endpoint" as const),
      endpoint,
      tag: fc.constantFrom("1", "2"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("traffic" as const),
      endpoint,
      share: fc.constantFrom(0, 30, 100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("regenerate" as const), endpoint }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete endpoint" as const), endpoint }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete deployment" as const), endpoint, deployment }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("undo" as const), endpoint }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 2_000 }) }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** Does it, where it can be done as things are. */
async function take(rig: PlaneRig, step: Step): Promise<void> {
  if (step.do === "pass") return rig.clock.advance(step.ms);
  const { plane } = rig;
  const name = endpointName(step.endpoint);
  const work = {
    "put endpoint": () => rig.putEndpoint(step.endpoint, { tags: { tag: "tag" in step ? step.tag : "" } }),
    "put deployment": () => putDeployment(rig, step),
    traffic: () => rig.setTraffic(step.endpoint, sharesOf(step)),
    regenerate: () => plane.keys.regenerate(name, "primary", actor),
    "delete endpoint": () => plane.endpoints.delete(name, actor),
    "delete deployment": () =>
      plane.deployments.delete(name, deploymentName("deployment" in step ? step.deployment : "blue"), actor),
    undo: () => plane.history.undo(name, null, actor),
  };
  await work[step.do]().catch((error: unknown) => {
    expect(error).toMatchObject({ name: "ServingError" });
    expect(error).not.toMatchObject({ code: "INTERNAL" });
  });
  await rig.clock.settle();
}

function putDeployment(rig: PlaneRig, step: Step): Promise<unknown> {
  if (step.do !== "put deployment") return Promise.resolve();
  const environment_variables = step.crashes ? { CRASH: "1" } : {};
  return rig.putDeployment(step.endpoint, step.deployment, {
    instance_count: step.count,
    environment_variables,
  });
}

function sharesOf(step: Step): Readonly<Record<string, number>> {
  if (step.do !== "traffic" || step.share === 0) return {};
  return { blue: step.share, green: 100 - step.share };
}

/** Everything that a user may rely on, once what is being deleted has gone. */
async function everything(rig: PlaneRig): Promise<unknown> {
  const { endpoints, deployments, history, keys, directory } = rig.plane;
  const all = await endpoints.list();
  return Promise.all(
    all.map(async (one) => {
      const { primary_key } = await keys.keys(one.name);
      const live = directory.find(one.name);
      return {
        one,
        primary_key,
        isAdmitted: live?.admits(primary_key),
        turns: Array.from({ length: 100 }, () => live?.next()?.name).sort(),
        revisions: await history.revisions(one.name),
        // A deployment that failed is tried anew, so that the lines in its reason are of another time.
        deployments: (await deployments.list(one.name)).map((deployment) => ({
          ...deployment,
          instances: deployment.instances.map(({ state }) => state),
          reason: deployment.reason?.split("\n", 1),
        })),
      };
    }),
  );
}

describe("a control plane", () => {
  it("comes back from its state as it was, whatever was done to it", patience, async () => {
    let deployments = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 8, maxLength: 25, size: "max" }), async (steps) => {
        const rig = await PlaneRig.open(({ spec }) =>
          spec.environment_variables["CRASH"] === undefined ? {} : { readyAfterMs: null, endsAfterMs: 10 },
        );
        try {
          await rig.putEndpoint("shop");
          for (const step of steps) await take(rig, step);
          await rig.clock.advance(20_000);
          const before = await everything(rig);
          await rig.reopen();
          await rig.clock.advance(20_000);
          expect(await everything(rig)).toEqual(before);
          deployments += rig.launcher.preparations;
        } finally {
          await rig.close();
        }
      }),
      runs(40),
    );
    expect(deployments).toBeGreaterThan(10);
  });
});
