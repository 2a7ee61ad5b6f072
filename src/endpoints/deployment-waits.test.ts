import { afterEach, beforeEach, expect, it } from "vitest";
import { actor, deploymentName, endpointName, PlaneRig } from "./testing/plane-rig.ts";

const shop = endpointName("shop");

let rig: PlaneRig;

beforeEach(async () => {
  rig = await PlaneRig.open(() => ({ readyAfterMs: null }));
});
afterEach(() => rig.close());

it("whoever waits for a deployment is told at once that its endpoint was deleted", async () => {
  await rig.putEndpoint("shop");
  await rig.putDeployment("shop", "blue");
  const waited = rig.plane.deployments.get(shop, deploymentName("blue"), 600_000);
  const beganAt = rig.clock.now();
  await rig.plane.endpoints.delete(shop, actor);
  await expect(rig.clock.until(waited)).rejects.toMatchObject({ code: "ENDPOINT_NOT_FOUND" });
  expect(rig.clock.now() - beganAt).toBeLessThan(1_000);
});
