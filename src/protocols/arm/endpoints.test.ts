import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArmRig, pathOf, workspacePath } from "./testing/arm-rig.ts";
import { endpointBody } from "./testing/bodies.ts";

let rig: ArmRig;

beforeEach(async () => {
  rig = await ArmRig.open();
});

afterEach(async () => {
  await rig.close();
});

describe("endpoints", () => {
  it("are created with what a client reads of them", async () => {
    const created = await rig.call("onlineEndpoints/first?api-version=2022-02-01-preview", {
      method: "PUT",
      body: endpointBody,
    });
    expect(created.status).toBe(201);
    // A client that saw this header would wait before it looks again.
    expect(created.headers).not.toHaveProperty("azure-asyncoperation");
    expect(created.json).toMatchInlineSnapshot(`
      {
        "id": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/first",
        "identity": {
          "principalId": "00000000-0000-0000-0000-000000000000",
          "tenantId": "00000000-0000-0000-0000-000000000000",
          "type": "SystemAssigned",
        },
        "kind": "Managed",
        "location": "local",
        "name": "first",
        "properties": {
          "authMode": "Key",
          "description": "first",
          "mirrorTraffic": {},
          "properties": {
            "AzureAsyncOperationUri": "http://localhost:8802/subscriptions/sub/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/put-endpoint:first?api-version=2022-02-01-preview",
            "azureml.onlineendpointid": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/first",
          },
          "provisioningState": "Succeeded",
          "publicNetworkAccess": "Enabled",
          "scoringUri": "http://127.0.0.1:8800/endpoints/first/score",
          "swaggerUri": "http://127.0.0.1:8800/endpoints/first/swagger.json",
          "traffic": {},
        },
        "systemData": {
          "createdAt": "2026-01-01T00:00:00.000Z",
          "createdBy": "hostler",
          "createdByType": "User",
          "lastModifiedAt": "2026-01-01T00:00:00.000Z",
          "lastModifiedBy": "hostler",
          "lastModifiedByType": "User",
        },
        "tags": {
          "size": "3",
          "team": "a",
        },
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
      }
    `);
    const again = await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    expect(again.status).toBe(200);
    expect((await rig.call("onlineEndpoints")).json).toStrictEqual({ value: [again.json] });
    expect((await rig.call("onlineEndpoints/first")).json).toStrictEqual(again.json);
  });

  it("are found in any case, because the SDK itself puts them into lower case", async () => {
    await rig.call("onlineEndpoints/First", { method: "PUT", body: endpointBody });
    expect((await rig.call("onlineEndpoints/FIRST")).json).toMatchObject({ name: "first" });
    expect((await rig.call("onlineEndpoints/first")).status).toBe(200);
  });

  it("of Kubernetes name their compute by its id, however it was named", async () => {
    const properties = { ...endpointBody.properties, compute: "azureml:cluster" };
    await rig.call("onlineEndpoints/first", { method: "PUT", body: { ...endpointBody, properties } });
    expect((await rig.call("onlineEndpoints/first")).json).toMatchObject({
      properties: { compute: `${workspacePath}/computes/cluster` },
    });
  });

  it("come back as they were sent, and keep what Azure has no word for", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const [endpoint] = await rig.plane.endpoints.list();
    if (endpoint === undefined) throw new Error("There is no endpoint.");
    await rig.plane.endpoints.put(
      { ...endpoint, status_mode: "transparent" },
      { actor: { name: "test" }, create: false },
    );
    const { json } = await rig.call("onlineEndpoints/first");
    await rig.call("onlineEndpoints/first", { method: "PUT", body: json ?? {} });
    expect(await rig.plane.endpoints.list()).toMatchObject([
      { properties: {}, tags: { team: "a", size: "3" }, status_mode: "transparent" },
    ]);
  });

  it("are found under their path in any case, as Azure finds them", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const path = workspacePath
      .replace("resourceGroups", "resourcegroups")
      .replace("Microsoft.M", "microsoft.m");
    expect((await rig.call(`${path}/onlineendpoints/first`)).status).toBe(200);
    expect((await rig.call(`${path}/ONLINEENDPOINTS/first/LISTKEYS`, { method: "POST" })).status).toBe(200);
  });

  it("split and mirror traffic; a share of 0 ends the mirror", async () => {
    const properties = {
      ...endpointBody.properties,
      traffic: { blue: 80, green: 20 },
      mirrorTraffic: { grey: 0 },
    };
    const { json } = await rig.call("onlineEndpoints/first", {
      method: "PUT",
      body: { ...endpointBody, properties },
    });
    expect(json).toMatchObject({ properties: { traffic: { blue: 80, green: 20 }, mirrorTraffic: {} } });
    const wrong = await rig.call("onlineEndpoints/first", {
      method: "PUT",
      body: { ...endpointBody, properties: { ...properties, traffic: { blue: 80 } } },
    });
    expect(wrong.status).toBe(400);
    expect(wrong.json).toMatchObject({
      error: {
        code: "UserError",
        target: "traffic",
        message: "traffic: the shares have to add up to 100, or all be 0",
      },
    });
  });

  it("are changed in part by PATCH", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const patch = { tags: { team: null, now: "there" }, properties: { traffic: { blue: 100 } } };
    const { json, status } = await rig.call("onlineEndpoints/first", { method: "PATCH", body: patch });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      tags: { now: "there", size: "3" },
      properties: { description: "first", traffic: { blue: 100 } },
    });
  });

  it("have keys, tokens, and new keys", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const keys = await rig.call("onlineEndpoints/first/listKeys", { method: "POST" });
    expect(keys.json).toStrictEqual({ primaryKey: "key-1", secondaryKey: "key-2" });
    const body = { keyType: "Secondary", keyValue: "key-2" };
    const renewed = await rig.call("onlineEndpoints/first/regenerateKeys", { method: "POST", body });
    expect([renewed.status, renewed.json]).toStrictEqual([
      200,
      { primaryKey: "key-1", secondaryKey: "key-3" },
    ]);
    const token = await rig.call("onlineEndpoints/first/token", { method: "POST" });
    expect(token.json).toStrictEqual({
      accessToken: "token",
      expiryTimeUtc: 2,
      refreshAfterTimeUtc: 1,
      tokenType: "Bearer",
    });
    const wrong = { keyType: "third" };
    const refused = await rig.call("onlineEndpoints/first/regenerateKeys", { method: "POST", body: wrong });
    expect([refused.status, refused.json]).toMatchObject([400, { error: { target: "keyType" } }]);
  });

  it("are deleted, and say when they are gone", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const { status, headers, text } = await rig.call("onlineEndpoints/first", { method: "DELETE" });
    expect([status, text]).toStrictEqual([202, ""]);
    const operation = await rig.call(pathOf(headers["azure-asyncoperation"]));
    expect([operation.status, operation.json]).toMatchObject([200, { status: "Succeeded" }]);
    expect((await rig.call("onlineEndpoints/first", { method: "DELETE" })).status).toBe(204);
  });

  it("remember which client asked", async () => {
    const agent = "azure-ai-ml/1.35.2 azsdk-python-arm_ml_service/1.0.0 Python/3.11.7 (Linux)";
    for (const headers of [{ "user-agent": agent }, { "user-agent": "curl/8.5.0" }]) {
      await rig.call("onlineEndpoints/first", { method: "PUT", headers, body: endpointBody });
    }
    expect(rig.plane.endpoints.actors).toStrictEqual([
      { name: "azure-ai-ml/1.35.2" },
      { name: "curl/8.5.0" },
    ]);
  });
});
