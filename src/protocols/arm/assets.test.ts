import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelSpecSchema } from "../../contracts/control/assets.ts";
import { ArmRig, storagePath, workspacePath } from "./testing/arm-rig.ts";

let rig: ArmRig;

beforeEach(async () => {
  rig = await ArmRig.open();
});

afterEach(async () => {
  await rig.close();
});

const datastore =
  "azureml://subscriptions/sub/resourceGroups/group/workspaces/ws/datastores/workspaceblobstore/paths";

function put(path: string, properties: object) {
  return rig.call(path, { method: "PUT", body: { properties } });
}

describe("models", () => {
  it("are registered from what was uploaded", async () => {
    await rig.upload("LocalUpload/abc/model/a.json", "1");
    const modelUri = `${datastore}/LocalUpload/abc/model`;
    const { status, json } = await put("models/factor/versions/1", { modelUri, modelType: "mlflow_model" });
    expect(status).toBe(201);
    expect(json).toMatchInlineSnapshot(`
      {
        "id": "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws/models/factor/versions/1",
        "name": "1",
        "properties": {
          "flavors": {},
          "isAnonymous": false,
          "isArchived": false,
          "modelType": "mlflow_model",
          "modelUri": "azureml://subscriptions/sub/resourceGroups/group/workspaces/ws/datastores/workspaceblobstore/paths/assets/models/factor/1/model",
          "properties": {},
          "provisioningState": "Succeeded",
          "tags": {},
        },
        "systemData": {
          "createdAt": "2026-01-01T00:00:00.000Z",
          "createdBy": "hostler",
          "createdByType": "User",
          "lastModifiedAt": "2026-01-01T00:00:00.000Z",
          "lastModifiedBy": "hostler",
          "lastModifiedByType": "User",
        },
        "type": "Microsoft.MachineLearningServices/workspaces/models/versions",
      }
    `);
    expect(await rig.plane.assets.list("models", { archived: "with" })).toMatchObject([
      {
        name: "factor",
        type: "mlflow_model",
        path: join(rig.folder, "uploads/files/azureml-blobstore/LocalUpload/abc/model"),
      },
    ]);
  });

  it.each([
    "azureml://datastores/workspaceblobstore/paths/m/a.json",
    `https://localhost:8802${storagePath}/m/a.json`,
    `https://localhost:8802/azureml-blobstore/m/a.json?sv=1&sig=2`,
    "https://hostlerlocal.blob.localhost:8802/azureml-blobstore/m/a.json",
  ])("are found under %s", async (modelUri) => {
    await rig.upload("m/a.json", "1");
    expect((await put("models/one/versions/1", { modelUri })).status).toBe(201);
  });

  it.each([
    "",
    "m/a.json",
    "azureml://jobs/j/outputs/artifacts/paths/model",
    "azureml://datastores/workspaceblobstore/paths/missing",
    "azureml://datastores/workspaceblobstore/paths/../../../../etc/passwd",
    "azureml://datastores/workspaceblobstore/paths/assets/models/../../x",
    "file:///etc/passwd",
  ])("are not made of %j", async (modelUri) => {
    const { status, json } = await put("models/one/versions/1", { modelUri });
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: "UserError" } });
  });

  it("change their tags and their archive when they are sent back, and not their content", async () => {
    await rig.upload("m/a.json", "1");
    await rig.upload("m/b.json", "2");
    const modelUri = `${datastore}/m/a.json`;
    const { json } = await put("models/one/versions/1", { modelUri, tags: { a: "b" } });
    expect(json).toMatchObject({ properties: { tags: { a: "b" }, isArchived: false } });
    const uri = `${datastore}/assets/models/one/1/a.json`;
    const changed = await put("models/one/versions/1", { modelUri: uri, tags: { c: "d" }, isArchived: true });
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({ properties: { modelUri: uri, tags: { c: "d" }, isArchived: true } });
    const refused = await put("models/one/versions/1", { modelUri: `${datastore}/m/b.json` });
    expect(refused.status).toBe(409);
  });

  it("are listed by name with the newest version and the next", async () => {
    await rig.upload("m/a.json", "1");
    for (const [name, version] of [
      ["one", "1"],
      ["one", "9"],
      ["two", "beta"],
    ] as const) {
      await put(`models/${name}/versions/${version}`, { modelUri: `${datastore}/m/a.json` });
    }
    const containers = await rig.call("models?listViewType=ActiveOnly");
    expect(containers.json).toMatchObject({
      value: [
        { name: "two", properties: { latestVersion: "beta", nextVersion: "1" } },
        { name: "one", properties: { latestVersion: "9", nextVersion: "10" } },
      ],
    });
    expect((await rig.call("models/one")).json).toMatchObject({ properties: { latestVersion: "9" } });
    const newest = await rig.call("models/one/versions?$orderBy=createdtime%20desc&$top=1");
    expect(newest.json).toMatchObject({ value: [{ name: "9" }] });
    await rig.call("models/one", { method: "PUT", body: { properties: { isArchived: true } } });
    expect((await rig.call("models")).json).toMatchObject({ value: [{ name: "two" }] });
    expect((await rig.call("models?listViewType=ArchivedOnly")).json).toMatchObject({
      value: [{ name: "one" }],
    });
    expect((await rig.call("models/two/versions/beta", { method: "DELETE" })).status).toBe(200);
    expect((await rig.call("models/two/versions/beta", { method: "DELETE" })).status).toBe(204);
  });

  it("that were registered otherwise can be read and sent back", async () => {
    const folder = join(rig.folder, "copy", "model");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "a.txt"), "content");
    await rig.plane.assets.create(
      "models",
      modelSpecSchema.parse({ name: "own", version: "3", path: folder }),
    );
    const { json } = await rig.call("models/own/versions/3");
    expect(json).toMatchObject({ properties: { modelUri: `${datastore}/assets/models/own/3/model` } });
    const file = await rig.call(`${storagePath}/assets/models/own/3/model/a.txt`);
    expect([file.status, file.text]).toStrictEqual([200, "content"]);
    const sent = await put("models/own/versions/3", { modelUri: `${datastore}/assets/models/own/3/model` });
    expect(sent.status).toBe(200);
    const copied = await put("models/other/versions/1", {
      modelUri: `${datastore}/assets/models/own/3/model`,
    });
    expect(copied.status).toBe(201);
  });
});

describe("code", () => {
  it("is uploaded to a container of its own, and found by its hash", async () => {
    const pending = await rig.call("codes/src/versions/1/startPendingUpload", { method: "POST", body: {} });
    expect(pending.json).toMatchObject({
      blobReferenceForConsumption: {
        blobUri: matching(/^http:\/\/localhost:8802\/hostlerlocal\.blob\..*\/upload-[0-9a-f-]{36}$/),
        credential: { credentialType: "SAS", sasUri: matching(/\?sv=/) },
      },
    });
    await rig.upload("src/score.py", "def init(): ...");
    const codeUri = `http://localhost:8802${storagePath}/src`;
    const properties = { hash_sha256: "h1", hash_version: "202208" };
    const made = await put("codes/src/versions/1", { codeUri, isAnonymous: true, properties });
    expect(made.status).toBe(201);
    const [found, missed] = await Promise.all(
      ["h1", "h2"].map((hash) => rig.call(`codes/src/versions?hash=${hash}&hashVersion=202208`)),
    );
    expect(found?.json).toMatchObject({ value: [{ id: `${workspacePath}/codes/src/versions/1` }] });
    expect(missed?.json).toStrictEqual({ value: [] });
    expect(made.json).toMatchObject({
      properties: { codeUri: `http://localhost:8802${storagePath}/assets/codes/src/1/src` },
    });
    expect(await rig.plane.assets.list("codes", { archived: "with" })).toStrictEqual([]);
  });
});

describe("environments", () => {
  it("are made of an image, a conda file and routes", async () => {
    const route = { path: "/", port: 5001 };
    const properties = {
      image: "image:1",
      condaFile: "name: e\ndependencies: [python=3.11]\n",
      osType: "Linux",
      inferenceConfig: {
        livenessRoute: route,
        readinessRoute: route,
        scoringRoute: { path: "/score", port: 5001 },
      },
    };
    const { json, status } = await put("environments/env/versions/1", properties);
    expect(status).toBe(201);
    expect(json).toMatchObject({
      properties: {
        image: "image:1",
        condaFile: "name: e\ndependencies:\n  - python=3.11\n",
        osType: "Linux",
      },
    });
    expect(await rig.plane.assets.list("environments", { archived: "with" })).toMatchObject([
      {
        conda: { name: "e", dependencies: ["python=3.11"] },
        inference_config: { scoring_route: { path: "/score", port: 5001 } },
      },
    ]);
    expect((await put("environments/env/versions/1", properties)).status).toBe(200);
    // As azure-ai-ml asks for environment="azureml:env@latest".
    expect((await rig.call("environments/azureml%3Aenv/versions?$top=1")).json).toMatchObject({
      value: [{ name: "1" }],
    });
    // azure-ai-ml takes a 409 for the sign to make another version.
    expect((await put("environments/env/versions/1", { image: "image:2" })).status).toBe(409);
  });

  it("are made of a build context that was uploaded", async () => {
    await rig.upload("LocalUpload/x/context/Dockerfile", "FROM scratch");
    const contextUri = "http://localhost:8802/azureml-blobstore/LocalUpload/x/context/";
    const { json } = await put("environments/built/versions/1", { build: { contextUri } });
    expect(json).toMatchObject({
      properties: {
        build: {
          contextUri: `http://localhost:8802${storagePath}/assets/environments/built/1/context/`,
          dockerfilePath: "Dockerfile",
        },
      },
    });
  });

  it("take a conda file with its line breaks as they are, as scripts send them", async () => {
    const body =
      '{"properties": {"image": "i", "condaFile": "name: e\ndependencies:\n\t- \\"a\\"\n"}}'.replace(
        "\t",
        "  ",
      );
    const { status } = await rig.call("environments/env/versions/1", { method: "PUT", body });
    expect(status).toBe(201);
    expect(await rig.plane.assets.list("environments", { archived: "with" })).toMatchObject([
      { conda: { name: "e", dependencies: ["a"] } },
    ]);
  });

  it("are refused with a conda file that is no YAML, or no mapping", async () => {
    for (const condaFile of ["a: [", "text"]) {
      expect((await put("environments/env/versions/1", { image: "i", condaFile })).status).toBe(400);
    }
  });
});

describe("data", () => {
  it("has an id for collectors that need one", async () => {
    const { json, status } = await put("data/first-blue-in/versions/1", {
      dataUri: "azureml://x",
      dataType: "uri_folder",
    });
    expect([status, json]).toMatchObject([200, { id: `${workspacePath}/data/first-blue-in/versions/1` }]);
  });
});

/** `expect.stringMatching`, which says of itself that it could be anything. */
function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
