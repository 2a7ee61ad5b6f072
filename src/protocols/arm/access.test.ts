import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ArmRig, storagePath, workspacePath } from "./testing/arm-rig.ts";

let rig: ArmRig;

afterEach(async () => {
  await rig.close();
});

const secrets = z.object({ sasToken: z.string() });
const block = { "x-ms-blob-type": "BlockBlob", authorization: "" };

describe("without a key", () => {
  it("takes any token from this machine, and none from elsewhere", async () => {
    rig = await ArmRig.open();
    expect((await rig.call(workspacePath)).status).toBe(200);
    expect((await rig.call(workspacePath, { peer: "::1" })).status).toBe(200);
    for (const peer of ["192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1"]) {
      expect((await rig.call(workspacePath, { peer })).status).toBe(401);
      expect((await rig.call(`${storagePath}?restype=container&sig=any`, { peer })).status).toBe(403);
    }
  });

  it("takes no call without a token, as a page in a browser could make it", async () => {
    rig = await ArmRig.open();
    const { status, headers, json } = await rig.call(workspacePath, { headers: { authorization: "" } });
    expect([status, headers["www-authenticate"]]).toStrictEqual([401, "Bearer"]);
    expect(json).toMatchObject({ error: { code: "AuthenticationFailed" } });
    const upload = { method: "PUT", headers: block, body: "x" } as const;
    expect((await rig.call(`${storagePath}/a`, upload)).status).toBe(403);
    expect((await rig.call(`${storagePath}/a?sig=any`, upload)).status).toBe(201);
  });
});

describe("with a key", () => {
  const digest = createHash("sha256").update("secret").digest("hex");
  const authorization = "Bearer secret";
  const peer = "192.0.2.1";

  it("takes that key for the token, from anywhere", async () => {
    rig = await ArmRig.open(digest);
    expect((await rig.call(workspacePath)).status).toBe(401);
    expect((await rig.call(workspacePath, { headers: { authorization }, peer })).status).toBe(200);
  });

  it("takes blobs from who has the key, or a signature that was given for it", async () => {
    rig = await ArmRig.open(digest);
    const path = "datastores/workspaceblobstore/listSecrets";
    const { json } = await rig.call(path, { method: "POST", headers: { authorization }, peer });
    const { sasToken } = secrets.parse(json);
    const upload = { method: "PUT", headers: block, body: "x", peer } as const;
    expect((await rig.call(`${storagePath}/a?${sasToken}`, upload)).status).toBe(201);
    expect((await rig.call(`${storagePath}/a?sig=any`, upload)).status).toBe(403);
    const withKey = { ...upload, headers: { ...block, authorization } };
    expect((await rig.call(`${storagePath}/a`, withKey)).status).toBe(201);
  });
});
