import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endpointNameSchema } from "../../contracts/control/names.ts";
import { ArmRig, pathOf, workspacePath } from "./testing/arm-rig.ts";
import { deploymentBody, endpointBody } from "./testing/bodies.ts";

const name = endpointNameSchema.parse("first");
let rig: ArmRig;

beforeEach(async () => {
  rig = await ArmRig.open();
});

afterEach(async () => {
  await rig.close();
});

async function deploy(): Promise<void> {
  await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
  await rig.call("onlineEndpoints/first/deployments/blue", { method: "PUT", body: deploymentBody });
}

describe("deployments", () => {
  it("are created, and take their time", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const created = await rig.call("onlineEndpoints/first/deployments/blue", {
      method: "PUT",
      body: deploymentBody,
    });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({ properties: { provisioningState: "Creating" } });
    // azure-core takes 0 for nothing said, and then waits for seconds.
    expect(created.headers["retry-after-ms"]).toBe("100");
    const operation = await rig.call(pathOf(created.headers["azure-asyncoperation"]));
    expect([operation.status, operation.json]).toMatchObject([200, { status: "Succeeded" }]);
    expect((await rig.call("onlineEndpoints/first/deployments/blue")).json).toMatchInlineSnapshot(`
      {
        "id": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/first/deployments/blue",
        "kind": "Managed",
        "location": "local",
        "name": "blue",
        "properties": {
          "appInsightsEnabled": false,
          "codeConfiguration": {
            "codeId": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/codes/src/versions/1",
            "scoringScript": "score.py",
          },
          "dataCollector": {
            "collections": {
              "in": {
                "clientId": "c",
                "dataCollectionMode": "Enabled",
                "samplingRate": 0.5,
              },
            },
            "requestLogging": {
              "captureHeaders": [
                "a",
              ],
            },
            "rollingRate": "Hour",
          },
          "egressPublicNetworkAccess": "Enabled",
          "endpointComputeType": "Managed",
          "environmentId": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/environments/env/versions/latest",
          "environmentVariables": {
            "COLOUR": "blue",
            "WORKERS": "2",
          },
          "instanceType": "Standard_DS3_v2",
          "livenessProbe": {
            "failureThreshold": 30,
            "initialDelay": "PT10S",
            "period": "PT10S",
            "successThreshold": 1,
            "timeout": "PT2S",
          },
          "model": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/models/factor/versions/1",
          "properties": {
            "AzureAsyncOperationUri": "http://localhost:8802/subscriptions/sub/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/put-deployment:first:blue?api-version=2022-02-01-preview",
            "azureml.onlinedeploymentid": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/first/deployments/blue",
            "mine": "kept",
          },
          "provisioningState": "Succeeded",
          "readinessProbe": {
            "failureThreshold": 30,
            "initialDelay": "PT1S",
            "period": "PT1S",
            "successThreshold": 1,
            "timeout": "PT2S",
          },
          "requestSettings": {
            "requestTimeout": "PT90S",
          },
          "scaleSettings": {
            "scaleType": "Default",
          },
        },
        "sku": {
          "capacity": 2,
          "name": "Default",
          "tier": "Standard",
        },
        "systemData": {
          "createdAt": "2026-01-01T00:00:00.000Z",
          "createdBy": "hostler",
          "createdByType": "User",
          "lastModifiedAt": "2026-01-01T00:00:00.000Z",
          "lastModifiedBy": "hostler",
          "lastModifiedByType": "User",
        },
        "tags": {},
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
      }
    `);
  });

  it("are what the client asked for, with names and versions for ids", async () => {
    await deploy();
    expect(await rig.plane.deployments.list(name)).toMatchObject([
      {
        model: { name: "factor", version: "1" },
        environment: { name: "env", version: "latest" },
        code_configuration: { code: { name: "src", version: "1" }, scoring_script: "score.py" },
        environment_variables: { COLOUR: "blue", WORKERS: "2" },
        instance_count: 2,
        properties: { mine: "kept" },
        request_settings: { request_timeout_ms: 90_000, max_concurrent_requests_per_instance: null },
        readiness_probe: { initial_delay: 1, period: 1, timeout: 2 },
        data_collector: {
          collections: { in: { enabled: "true", client_id: "c" } },
          rolling_rate: "hour",
          sampling_rate: 0.5,
          request_logging: { capture_headers: ["a"] },
        },
        engine: "auto",
        command: null,
      },
    ]);
  });

  it("come back as they were sent", async () => {
    await deploy();
    const path = "onlineEndpoints/first/deployments/blue";
    const body = {
      ...deploymentBody,
      tags: { "hostler.engine": "process" },
      properties: {
        ...deploymentBody.properties,
        properties: { "hostler.command": '["serve", "{port}"]' },
        endpointComputeType: "Kubernetes",
        scaleSettings: { scaleType: "TargetUtilization", maxInstances: 3, pollingInterval: "PT2S" },
        containerResourceRequirements: { containerResourceLimits: { cpu: "1", gpu: 1 } },
        modelMountPath: "/models",
      },
    };
    await rig.call(path, { method: "PUT", body });
    const { json } = await rig.call(path);
    const [before] = await rig.plane.deployments.list(name);
    await rig.call(path, { method: "PUT", body: json ?? {} });
    const [after] = await rig.plane.deployments.list(name);
    expect(after).toStrictEqual(before);
    expect(after).toMatchObject({
      engine: "process",
      command: ["serve", "{port}"],
      type: "kubernetes",
      scale_settings: { type: "target_utilization", max_instances: 3, polling_interval: 2 },
      resources: { limits: { cpu: "1", "nvidia.com/gpu": "1" } },
    });
  });

  it("say why they failed, where the client asks", async () => {
    rig.plane.deployments.finalState = "Failed";
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const { headers } = await rig.call("onlineEndpoints/first/deployments/blue", {
      method: "PUT",
      body: deploymentBody,
    });
    const { json } = await rig.call(pathOf(headers["azure-asyncoperation"]));
    expect(json).toMatchObject({
      status: "Failed",
      error: { code: "ResourceNotReady", message: "init() raised ValueError: no such file" },
    });
  });

  it("are under way until they are not", async () => {
    rig.plane.deployments.finalState = "Updating";
    await deploy();
    const { json, status } = await rig.call(
      "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/put-deployment:first:blue",
    );
    expect([status, json]).toMatchObject([202, { status: "InProgress" }]);
    await rig.call("onlineEndpoints/first/deployments/blue", { method: "DELETE" });
    const gone = await rig.call(
      "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus/put-deployment:first:blue",
    );
    expect(gone.json).toMatchObject({ status: "Canceled" });
  });

  it("scale by PATCH, tell their sizes and show their logs", async () => {
    await deploy();
    const path = "onlineEndpoints/first/deployments/blue";
    const scaled = await rig.call(path, { method: "PATCH", body: { sku: { capacity: 5 } } });
    expect(scaled.json).toMatchObject({
      sku: { capacity: 5 },
      properties: { instanceType: "Standard_DS3_v2" },
    });
    expect((await rig.call(`${path}/skus`)).json).toMatchObject({ value: [{ sku: { name: "Default" } }] });
    const logs = await rig.call(`${path}/getLogs`, {
      method: "POST",
      body: { containerType: "StorageInitializer", tail: 7 },
    });
    expect(logs.json).toStrictEqual({ content: "7 lines of the storage-initializer of blue\n" });
    const all = await rig.call(`${path}/getLogs`, { method: "POST" });
    expect(all.json).toStrictEqual({ content: "5000 lines of the inference-server of blue\n" });
  });

  it("go when nothing uses them", async () => {
    await deploy();
    const traffic = { properties: { traffic: { blue: 100 } } };
    await rig.call("onlineEndpoints/first", { method: "PATCH", body: traffic });
    const refused = await rig.call("onlineEndpoints/first/deployments/blue", { method: "DELETE" });
    expect([refused.status, refused.json]).toMatchObject([409, { error: { code: "Conflict" } }]);
    const none = { properties: { traffic: { blue: 0 } } };
    await rig.call("onlineEndpoints/first", { method: "PATCH", body: none });
    const { headers, status } = await rig.call("onlineEndpoints/first/deployments/blue", {
      method: "DELETE",
    });
    expect(status).toBe(202);
    expect((await rig.call(pathOf(headers["azure-asyncoperation"]))).json).toMatchObject({
      status: "Succeeded",
    });
    expect((await rig.call("onlineEndpoints/first/deployments")).json).toStrictEqual({ value: [] });
  });

  it.each([
    [
      "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
      "AzureML-sklearn-1.5",
      "newest",
      "latest",
    ],
    ["azureml://registries/azureml/environments/sklearn-1.5/versions/12", "AzureML-sklearn-1.5", "12", "12"],
    ["azureml:AzureML-sklearn-1.5@latest", "AzureML-sklearn-1.5", "newest", "latest"],
  ])("can name Microsoft's environment %s", async (environmentId, environment, version, tag) => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const body = { ...deploymentBody, properties: { ...deploymentBody.properties, environmentId } };
    const path = "onlineEndpoints/first/deployments/blue";
    expect((await rig.call(path, { method: "PUT", body })).status).toBe(201);
    const registered = await rig.call(`environments/${environment}/versions/${version}`);
    expect(registered.json).toMatchObject({
      properties: { image: `mcr.microsoft.com/azureml/curated/sklearn-1.5:${tag}` },
    });
    const { json } = await rig.call(path);
    expect((await rig.call(path, { method: "PUT", body: json ?? {} })).status).toBe(200);
    expect((await rig.call("environments")).json).toStrictEqual({ value: [] });
  });

  it("can name assets as azure-ai-ml puts azureml:NAME@latest into an id", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const model = `${workspacePath}/models/azureml:factor/versions/1`;
    const body = { ...deploymentBody, properties: { ...deploymentBody.properties, model } };
    expect(
      (await rig.call("onlineEndpoints/first/deployments/blue", { method: "PUT", body })).json,
    ).toMatchObject({
      properties: { model: `${workspacePath}/models/factor/versions/1` },
    });
  });

  it("are refused with the field that is wrong", async () => {
    await rig.call("onlineEndpoints/first", { method: "PUT", body: endpointBody });
    const wrong = [
      [{ model: "a:b:c/d" }, "properties.model"],
      [{ model: "azureml://registries/mine/models/m/versions/1" }, "properties.model"],
      [{ environmentId: `${workspacePath}/models/m/versions/1` }, "properties.environmentId"],
      [{ requestSettings: { requestTimeout: "5 s" } }, "properties.requestSettings.requestTimeout"],
      [{ endpointComputeType: "Batch" }, "properties.endpointComputeType"],
      [{ modelMountPath: "models" }, "model_mount_path"],
    ] as const;
    for (const [properties, target] of wrong) {
      const body = { ...deploymentBody, properties: { ...deploymentBody.properties, ...properties } };
      const { status, json } = await rig.call("onlineEndpoints/first/deployments/blue", {
        method: "PUT",
        body,
      });
      expect([status, json]).toMatchObject([400, { error: { code: "UserError", target } }]);
    }
  });
});
