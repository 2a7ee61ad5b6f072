import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openControlPlane } from "./control-plane.ts";
import { actor, deploymentName, endpointName, PlaneRig } from "./testing/plane-rig.ts";

const shop = endpointName("shop");
const blue = deploymentName("blue");
const crashing = { readyAfterMs: null, endsAfterMs: 10 };

let rig: PlaneRig;

beforeEach(async () => {
  // An environment variable of the deployment says how its instances behave.
  rig = await PlaneRig.open(({ spec }) =>
    spec.environment_variables["CRASH"] === undefined ? {} : crashing,
  );
});
afterEach(() => rig.close());

describe("endpoints", () => {
  it("are made, shown, listed and replaced", async () => {
    const made = await rig.putEndpoint("shop", { description: "first" });
    expect(made).toMatchObject({
      provisioning_state: "Succeeded",
      scoring_uri: "http://127.0.0.1:8800/endpoints/shop/score",
      openapi_uri: "http://127.0.0.1:8800/endpoints/shop/swagger.json",
      revision: 1,
      auth_mode: "key",
    });
    const replaced = await rig.putEndpoint("shop", { description: "second" });
    expect([replaced.revision, replaced.description]).toEqual([2, "second"]);
    expect((await rig.putEndpoint("shop", { description: "second" })).revision).toBe(2);
    expect(await rig.plane.endpoints.list()).toEqual([replaced]);
  });

  it("are not replaced by a creation", async () => {
    await rig.putEndpoint("shop");
    const spec = await rig.plane.endpoints.get(shop);
    await expect(rig.plane.endpoints.put(spec, { actor, create: true })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
  });

  it("that are not there are named with those that are", async () => {
    await rig.putEndpoint("shop");
    await expect(rig.plane.endpoints.get(endpointName("shap"))).rejects.toMatchObject({
      code: "ENDPOINT_NOT_FOUND",
      details: { hint: "There are: shop." },
    });
  });

  it("take their deployments with them, after the calls under way", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    await rig.setTraffic("shop", { blue: 100 });
    const admission = rig.plane.directory.find("shop")?.next()?.admit();
    await rig.plane.endpoints.delete(shop, actor);
    expect(rig.plane.directory.find("shop")).toBeUndefined();
    expect((await rig.plane.endpoints.get(shop)).provisioning_state).toBe("Deleting");
    await expect(rig.putEndpoint("shop")).rejects.toMatchObject({ code: "CONFLICT" });
    expect(rig.launcher.instances.size).toBe(1);
    if (admission?.kind === "admitted") admission.lease.release();
    await rig.clock.advance(100);
    expect(rig.launcher.instances.size).toBe(0);
    await expect(rig.plane.endpoints.get(shop)).rejects.toMatchObject({ code: "ENDPOINT_NOT_FOUND" });
    await rig.reopen();
    expect(await rig.plane.endpoints.list()).toEqual([]);
  });
});

describe("traffic", () => {
  beforeEach(async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    await rig.deploy("shop", "green");
  });

  it("goes where it is sent, and is shown for every deployment", async () => {
    const { traffic } = await rig.setTraffic("shop", { blue: 75, green: 25 });
    expect(traffic).toEqual({ blue: 75, green: 25 });
    const live = rig.plane.directory.find("shop");
    const turns = Array.from({ length: 100 }, () => live?.next()?.name);
    expect(turns.filter((name) => name === "green")).toHaveLength(25);
    expect((await rig.setTraffic("shop", { blue: 100, green: 0 })).traffic).toEqual({ blue: 100, green: 0 });
  });

  it("goes on in its order when something else is changed", async () => {
    await rig.setTraffic("shop", { blue: 50, green: 50 });
    const live = rig.plane.directory.find("shop");
    const first = live?.next()?.name;
    await rig.putEndpoint("shop", { tags: { a: "b" }, traffic: { blue: 50, green: 50 } });
    expect(live?.next()?.name).not.toBe(first);
  });

  it.each([
    [{ blue: 50 }, { code: "INVALID_REQUEST", details: { field: "traffic", got: "blue=50" } }],
    [
      { blue: 150, green: -50 },
      { code: "INVALID_REQUEST", details: { field: "traffic" } },
    ],
    [{ red: 100 }, { code: "DEPLOYMENT_NOT_FOUND", details: { hint: "It has: blue, green." } }],
  ])("cannot be %j", async (traffic, error) => {
    await expect(rig.setTraffic("shop", traffic)).rejects.toMatchObject(error);
  });

  it("is not copied to a deployment that has live calls, nor to two, nor more than half of it", async () => {
    const mirror = (mirror_traffic: Readonly<Record<string, number>>) =>
      rig.plane.endpoints.setTraffic(shop, { mirror_traffic }, actor);
    await rig.setTraffic("shop", { blue: 100 });
    await expect(mirror({ blue: 10 })).rejects.toMatchObject({ details: { field: "mirror_traffic" } });
    await expect(mirror({ green: 51 })).rejects.toMatchObject({ details: { field: "mirror_traffic" } });
    const { traffic, mirror_traffic } = await mirror({ green: 50 });
    expect([traffic, mirror_traffic]).toEqual([{ blue: 100 }, { green: 50 }]);
    await rig.plane.deployments.delete(shop, deploymentName("green"), actor);
    expect((await rig.plane.endpoints.get(shop)).mirror_traffic).toEqual({});
  });
});

describe("deployments", () => {
  beforeEach(() => rig.putEndpoint("shop"));

  it("are created, and say when they serve", async () => {
    const put = await rig.putDeployment("shop", "blue", { instance_count: 2 });
    expect(put).toMatchObject({ provisioning_state: "Creating", reason: null, revision: 2 });
    const waited = rig.plane.deployments.get(shop, blue, 10_000);
    const { provisioning_state, instances } = await rig.clock.until(waited);
    expect([provisioning_state, instances.map(({ state }) => state)]).toEqual([
      "Succeeded",
      ["ready", "ready"],
    ]);
    expect(rig.clock.now()).toBeLessThan(100);
  });

  it("are waited for as long as the caller likes", async () => {
    await rig.putDeployment("shop", "blue", { environment_variables: { CRASH: "1" } });
    const early = await rig.clock.until(rig.plane.deployments.get(shop, blue, 50));
    expect([early.provisioning_state, rig.clock.now()]).toEqual(["Creating", 50]);
    const late = await rig.clock.until(rig.plane.deployments.get(shop, blue, 60_000));
    expect(late.provisioning_state).toBe("Failed");
    expect(late.reason).toContain("ended 3 times before it was ready: exit code 3");
  });

  it("of nothing that could serve are refused", async () => {
    await expect(rig.putDeployment("shop", "blue", { model: null })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      details: { field: "code_configuration" },
    });
    await expect(
      rig.putDeployment("shop", "blue", { model: { name: "iris", version: "7" } }),
    ).rejects.toMatchObject({ code: "ASSET_NOT_FOUND" });
  });

  it("name the newest version of an asset, and keep the one that it was then", async () => {
    const { model } = await rig.putDeployment("shop", "blue", { model: { name: "iris", version: "latest" } });
    expect(model).toEqual({ name: "iris", version: "1" });
  });

  it("that are put again unchanged are left alone", async () => {
    const first = await rig.deploy("shop", "blue");
    const again = await rig.putDeployment("shop", "blue");
    expect(again).toEqual(first);
    expect(rig.launcher.launches).toBe(1);
  });

  it("keep serving as they were when an update fails, also after a restart", async () => {
    await rig.deploy("shop", "blue", { tags: { step: "1" } });
    await rig.putDeployment("shop", "blue", { tags: { step: "2" }, environment_variables: { CRASH: "1" } });
    expect((await rig.deployment("shop", "blue")).provisioning_state).toBe("Updating");
    await rig.clock.advance(3_000);
    const failed = await rig.deployment("shop", "blue");
    expect([failed.provisioning_state, failed.tags]).toEqual(["Failed", { step: "2" }]);
    expect(failed.instances.map(({ state }) => state)).toEqual(["ready"]);
    await rig.reopen();
    await rig.clock.advance(1_000);
    const restored = await rig.deployment("shop", "blue");
    expect([restored.provisioning_state, restored.reason]).toEqual(["Failed", failed.reason]);
    expect(restored.instances.map(({ state }) => state)).toEqual(["ready"]);
    expect([...rig.launcher.instances].map(({ order }) => order.spec.tags)).toEqual([{ step: "1" }]);
  });

  it("come back with the count that was asked for last, also when what came after it failed", async () => {
    await rig.deploy("shop", "blue");
    await rig.putDeployment("shop", "blue", { instance_count: 2 });
    await rig.putDeployment("shop", "blue", { instance_count: 1, environment_variables: { CRASH: "1" } });
    await rig.clock.advance(3_000);
    expect((await rig.deployment("shop", "blue")).instances).toHaveLength(2);
    await rig.reopen();
    await rig.clock.advance(1_000);
    expect((await rig.deployment("shop", "blue")).instances).toHaveLength(2);
  });

  it("with traffic are not deleted, and say how to move it", async () => {
    await rig.deploy("shop", "blue");
    await rig.setTraffic("shop", { blue: 100 });
    await expect(rig.plane.deployments.delete(shop, blue, actor)).rejects.toMatchObject({
      code: "CONFLICT",
      details: { hint: expect.stringContaining("--traffic") as unknown },
    });
    await rig.setTraffic("shop", { blue: 0 });
    await rig.plane.deployments.delete(shop, blue, actor);
    expect((await rig.deployment("shop", "blue")).provisioning_state).toBe("Deleting");
    await rig.clock.advance(100);
    await expect(rig.deployment("shop", "blue")).rejects.toMatchObject({ code: "DEPLOYMENT_NOT_FOUND" });
    expect(rig.launcher.instances.size).toBe(0);
  });

  it("keep their lines, with the time where they have none", async () => {
    await rig.deploy("shop", "blue");
    const options = { lines: 10, container: "inference-server" } as const;
    expect(await rig.plane.deployments.logs(shop, blue, options)).toBe(
      "2026-01-01 00:00:00,010 I [0/stdout] revision 2 begins\n",
    );
    expect(
      await rig.plane.deployments.logs(shop, blue, { ...options, container: "storage-initializer" }),
    ).toBe("");
  });
});

describe("keys", () => {
  it("are two, both good until one is made new", async () => {
    await rig.putEndpoint("shop");
    const admits = (key: string) => rig.plane.directory.find("shop")?.admits(key);
    const { primary_key, secondary_key } = await rig.plane.keys.keys(shop);
    expect([primary_key, secondary_key, "", `${primary_key}x`].map(admits)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const fresh = await rig.plane.keys.regenerate(shop, "primary", actor);
    expect(fresh.secondary_key).toBe(secondary_key);
    expect([primary_key, fresh.primary_key, secondary_key].map(admits)).toEqual([false, true, true]);
    await rig.reopen();
    expect([primary_key, fresh.primary_key, secondary_key].map(admits)).toEqual([false, true, true]);
    await expect(rig.plane.keys.token(shop)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("are tokens where the endpoint says so, which end after their time and outlive a restart", async () => {
    await rig.putEndpoint("shop", { auth_mode: "aml_token" });
    const admits = (token: string) => rig.plane.directory.find("shop")?.admits(token);
    const { access_token, expiry_time_utc, refresh_after_time_utc } = await rig.plane.keys.token(shop);
    expect(refresh_after_time_utc).toBeLessThan(expiry_time_utc);
    await rig.reopen();
    expect(admits(access_token)).toBe(true);
    const [payload = "", signature = ""] = access_token.split(".");
    const later = Buffer.from(payload, "base64url");
    later.writeUIntBE(expiry_time_utc + 9_999, 18, 6);
    const forged = `${later.toString("base64url")}.${signature}`;
    expect([forged, payload, `.${signature}`, "", "x.y.z"].map(admits)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    await rig.clock.advance(2 * 60 * 60 * 1000);
    expect(admits(access_token)).toBe(false);
    await expect(rig.plane.keys.keys(shop)).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

describe("history", () => {
  it("says who changed what, and goes back", async () => {
    await rig.putEndpoint("shop", { tags: { a: "1" } });
    await rig.deploy("shop", "blue", { instance_count: 1 });
    await rig.setTraffic("shop", { blue: 100 });
    await rig.deploy("shop", "blue", { instance_count: 2 });
    await rig.putEndpoint("shop", { tags: { a: "2" }, traffic: { blue: 100 } });
    const told = await rig.plane.history.revisions(shop);
    expect(told.map(({ revision, who, what }) => `${String(revision)} ${who}: ${what}`)).toEqual([
      "1 a test: create endpoint",
      "2 a test: create deployment blue",
      "3 a test: update traffic",
      "4 a test: update deployment blue",
      "5 a test: update endpoint",
    ]);
    expect(told[2]?.diff).toEqual([{ path: "traffic.blue", before: null, after: 100 }]);
    expect(told[3]?.diff).toEqual([{ path: "deployments.blue.instance_count", before: 1, after: 2 }]);
    const before = await rig.plane.history.undo(shop, null, actor);
    expect([before.tags, before.revision]).toEqual([{ a: "1" }, 6]);
    await rig.plane.history.undo(shop, 3, actor);
    await rig.clock.advance(1_000);
    expect((await rig.deployment("shop", "blue")).instances).toHaveLength(1);
    await expect(rig.plane.history.undo(shop, 99, actor)).rejects.toMatchObject({
      details: { field: "revision", hint: "The newest are: 1, 2, 3, 4, 5, 6." },
    });
  });

  it("brings back what was deleted, and takes away what was not there", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    await rig.plane.deployments.delete(shop, blue, actor);
    await rig.clock.advance(100);
    await rig.deploy("shop", "green");
    await rig.setTraffic("shop", { green: 100 });
    await rig.plane.history.undo(shop, 2, actor);
    await rig.clock.advance(10_000);
    const names = (await rig.plane.deployments.list(shop)).map(({ name }) => name);
    expect(names).toEqual(["blue"]);
    expect((await rig.plane.endpoints.get(shop)).traffic).toEqual({ blue: 0 });
    expect((await rig.plane.history.revisions(shop)).at(-1)?.what).toBe("undo to revision 2");
  });

  it("brings back what still drains: it is there once, and can be deleted again", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue", { request_settings: { request_timeout_ms: 60_000 } });
    const admission = rig.plane.directory.find("shop")?.deployment(blue)?.admit();
    await rig.plane.deployments.delete(shop, blue, actor);
    await rig.plane.history.undo(shop, 2, actor);
    await rig.clock.advance(1_000);
    expect((await rig.plane.deployments.list(shop)).map(({ name }) => name)).toEqual(["blue"]);
    expect(await rig.deployment("shop", "blue")).toMatchObject({ provisioning_state: "Succeeded" });
    await rig.plane.deployments.delete(shop, blue, actor);
    if (admission?.kind === "admitted") admission.lease.release();
    expect(await rig.deployment("shop", "blue")).toMatchObject({ provisioning_state: "Deleting" });
    await rig.clock.advance(1_000);
    expect([await rig.plane.deployments.list(shop), rig.launcher.instances.size]).toEqual([[], 0]);
  });

  it("keeps events with their reasons", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    [...rig.launcher.instances][0]?.die();
    await rig.clock.advance(500);
    const events = await rig.plane.history.events(shop);
    expect(events.map(({ deployment, reason }) => `${deployment ?? "-"} ${reason}`)).toEqual([
      "- EndpointCreated",
      "blue InstanceReady",
      "blue DeploymentSucceeded",
      "blue InstanceEnded",
      "blue InstanceReady",
    ]);
    await rig.reopen();
    expect((await rig.plane.history.events(shop)).slice(0, 5)).toEqual(events);
  });

  it("measures each deployment", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    rig.plane.directory.find("shop")?.deployment("blue")?.ended({ status: 500, totalMs: 12 });
    const [metrics] = await rig.plane.history.metrics(shop);
    expect(metrics).toMatchObject({ deployment: "blue", traffic: 0, total: { requests: 1, errors: 1 } });
    expect(await rig.plane.history.comparison(shop)).toBeNull();
  });
});

describe("the state folder", () => {
  it("is readable by nobody else", async () => {
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(rig.stateFolder)).toBe("700");
    for (const file of await readdir(rig.stateFolder)) {
      if (file.startsWith("hostler.db"))
        expect([file, await modeOf(join(rig.stateFolder, file))]).toEqual([file, "600"]);
    }
  });

  it("belongs to one control plane at a time", async () => {
    const { clock, logger, launcher, stateFolder } = rig;
    const options = { clock, logger, launcher, stateFolder, scoringBaseUrl: () => "" };
    await expect(openControlPlane(options)).rejects.toMatchObject({
      code: "CONFLICT",
      message: "Another hostler is running on this state folder.",
    });
  });

  it("lets calls wait for what it restores", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue");
    await rig.setTraffic("shop", { blue: 100 });
    await rig.reopen();
    const admission = rig.plane.directory.find("shop")?.next()?.admit();
    expect(admission?.kind).toBe("waiting");
    await rig.clock.advance(200);
    const lease = admission?.kind === "waiting" ? await admission.lease : null;
    expect(lease).not.toBeNull();
    expect((await rig.deployment("shop", "blue")).provisioning_state).toBe("Succeeded");
  });

  it("goes on with an update that was under way", async () => {
    await rig.putEndpoint("shop");
    await rig.deploy("shop", "blue", { tags: { step: "1" }, environment_variables: { A: "1" } });
    await rig.putDeployment("shop", "blue", { tags: { step: "2" }, environment_variables: { A: "2" } });
    await rig.reopen();
    expect((await rig.deployment("shop", "blue")).provisioning_state).toBe("Updating");
    await rig.clock.advance(1_000);
    expect((await rig.deployment("shop", "blue")).provisioning_state).toBe("Succeeded");
    expect([...rig.launcher.instances].map(({ order }) => order.spec.tags)).toEqual([{ step: "2" }]);
  });
});
