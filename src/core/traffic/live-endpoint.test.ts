import { describe, expect, it } from "vitest";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { DeploymentPool } from "./deployment-pool.ts";
import { LiveEndpointState } from "./live-endpoint.ts";

function rig(...names: readonly string[]) {
  const clock = new VirtualClock();
  const wine = endpointNameSchema.parse("wine");
  const endpoint = new LiveEndpointState({
    name: wine,
    admits: (token) => token === "key",
  });
  for (const name of names) {
    endpoint.setDeployment(
      new DeploymentPool({ endpoint: wine, name: deploymentNameSchema.parse(name), clock }),
    );
  }
  return endpoint;
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe("traffic of an endpoint", () => {
  it("goes to the deployments that have it", () => {
    const endpoint = rig("blue", "green");
    expect(endpoint.next()).toBeNull();
    endpoint.setTraffic({ blue: 80, green: 20 });
    const taken = Array.from({ length: 1000 }, () => endpoint.next()?.name);
    expect(taken.filter((name) => name === "green")).toHaveLength(200);
  });

  it("passes by a deployment that is gone", () => {
    const endpoint = rig("blue", "green");
    endpoint.setTraffic({ blue: 50, green: 50 });
    endpoint.removeDeployment(deploymentNameSchema.parse("green"));
    const taken = Array.from({ length: 10 }, () => endpoint.next()?.name);
    expect(new Set(taken)).toEqual(new Set(["blue"]));
  });

  it("is copied in part, to a deployment without traffic of its own", () => {
    const endpoint = rig("blue", "shadow");
    endpoint.setTraffic({ blue: 100 });
    endpoint.setMirror({ shadow: 10 });
    const copied = Array.from({ length: 100 }, () => {
      endpoint.next();
      return endpoint.nextMirror()?.name;
    });
    expect(copied.filter((name) => name === "shadow")).toHaveLength(10);
    endpoint.setMirror({ shadow: 0 });
    endpoint.next();
    expect(endpoint.nextMirror()).toBeNull();
  });
});

describe("the comparison of mirrored answers", () => {
  it("counts, measures and shows a few of those that differ", () => {
    const endpoint = rig("blue", "shadow");
    expect(endpoint.comparison.summary()).toBeNull();
    endpoint.setMirror({ shadow: 10 });
    const deployment = deploymentNameSchema.parse("shadow");
    const live = { status: 200, body: text("[1]"), totalMs: 2 };
    for (const [body, totalMs] of [
      ["[1]", 3],
      ["[1.0]", 4],
      ["[2]", 5],
    ] as const) {
      const mirrored = { status: 200, body: text(body), totalMs };
      endpoint.comparison.compared({ deployment, request: text("{}"), live, mirrored });
    }
    endpoint.comparison.dropped();
    endpoint.comparison.failed();
    expect(endpoint.comparison.summary()).toEqual({
      deployment: "shadow",
      compared: 3,
      agreed: 2,
      disagreed: 1,
      dropped: 1,
      failed: 1,
      largest_difference: 0.5,
      median_latency_difference_ms: 2,
      examples: [{ request: "{}", live: "200 [1]", mirrored: "200 [2]" }],
    });
  });

  it("begins anew with another deployment", () => {
    const endpoint = rig("blue", "shadow");
    endpoint.setMirror({ shadow: 10 });
    endpoint.comparison.dropped();
    endpoint.setMirror({ shadow: 20 });
    expect(endpoint.comparison.summary()).toMatchObject({ dropped: 1 });
    endpoint.setMirror({ other: 10 });
    expect(endpoint.comparison.summary()).toMatchObject({ deployment: "other", dropped: 0 });
  });
});
