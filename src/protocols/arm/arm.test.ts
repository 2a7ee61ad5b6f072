import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArmRig, workspacePath } from "./testing/arm-rig.ts";

let rig: ArmRig;

beforeEach(async () => {
  rig = await ArmRig.open();
});

afterEach(async () => {
  await rig.close();
});

describe("the workspace", () => {
  it("is there under any name, and says what scripts read", async () => {
    expect((await rig.call(workspacePath)).json).toMatchObject({
      id: workspacePath,
      name: "ws",
      location: "local",
      properties: {
        containerRegistry: matching(/^(\/[^/]+){7}\/hostlerlocal$/),
        storageAccount: matching(/\/storageAccounts\/hostlerlocal$/),
        keyVault: matching(/\/vaults\//),
      },
    });
    const list =
      "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces";
    expect((await rig.call(list)).json).toMatchObject({ value: [{ name: "hostler" }] });
  });

  it("has a datastore whose account leads back here", async () => {
    const datastore = {
      name: "workspaceblobstore",
      properties: { accountName: "localhost:8802/hostlerlocal" },
    };
    expect((await rig.call("datastores?isDefault=true")).json).toMatchObject({ value: [datastore] });
    expect((await rig.call("datastores/workspaceblobstore")).json).toMatchObject(datastore);
    const secrets = await rig.call("datastores/workspaceblobstore/listSecrets", { method: "POST", body: {} });
    expect(secrets.json).toMatchObject({ secretsType: "Sas", sasToken: matching(/sig=/) });
    expect((await rig.call("datastores/other")).status).toBe(404);
  });
});

describe("what is wrong", () => {
  it.each([
    ["GET", "onlineEndpoints/nobody", 404, "ResourceNotFound"],
    ["GET", "onlineEndpoints/a_b", 400, "UserError"],
    ["GET", "onlineEndpoints/nobody/deployments/blue", 404, "ResourceNotFound"],
    ["PATCH", "onlineEndpoints/nobody", 404, "ResourceNotFound"],
    ["GET", "jobs/1", 404, "InvalidResourceType"],
    ["GET", "/subscriptions//resourceGroups/g", 404, "InvalidResourceType"],
    ["GET", "/", 404, "InvalidResourceType"],
    ["DELETE", "onlineEndpoints", 405, "MethodNotAllowed"],
    ["GET", "models/none/versions/1", 404, "ResourceNotFound"],
    ["GET", "models/none", 404, "ResourceNotFound"],
  ] as const)("%s %s is a %i %s", async (method, path, status, code) => {
    const { json, ...answer } = await rig.call(path, { method, ...(method === "PATCH" ? { body: {} } : {}) });
    expect(answer.status).toBe(status);
    expect(json).toMatchObject({ error: { code, message: matching(/./), details: [] } });
  });

  it("is a body that is no JSON", async () => {
    const { status, json } = await rig.call("onlineEndpoints/first", { method: "PUT", body: "{" });
    expect([status, json]).toMatchObject([400, { error: { code: "InvalidRequestContent" } }]);
  });

  it("tells nothing of a bug but to the log", async () => {
    rig.plane.endpoints.list = () => Promise.reject(new Error("secret of the database"));
    const { status, text } = await rig.call("onlineEndpoints");
    expect(status).toBe(500);
    expect(text).not.toContain("secret");
    expect(rig.logger.of("arm call failed")).toHaveLength(1);
  });
});

/** `expect.stringMatching`, which says of itself that it could be anything. */
function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
