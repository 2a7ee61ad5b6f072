import { beforeEach, describe, expect, test } from "vitest";
import { startStub } from "../testing/http-stub.ts";
import { startControl } from "../testing/control-stub.ts";
import { useDesk } from "../testing/desk.ts";
import { type CliResult, runCli } from "../testing/run-cli.ts";

const desk = useDesk({ ENDPOINT_NAME: "from-template" });
const { ml, ok, file } = desk;

describe("online-endpoint create", () => {
  test("from flags alone, with the words of the guide", async () => {
    const words = [
      "--name",
      "my-endpoint",
      "--resource-group",
      "rg",
      "--location",
      "westeurope",
      "--auth-mode",
      "Key",
    ];
    expect(JSON.parse(await ok("online-endpoint", "create", ...words))).toMatchInlineSnapshot(`
      {
        "auth_mode": "key",
        "id": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/hostler/onlineEndpoints/my-endpoint",
        "identity": {
          "principal_id": "00000000-0000-0000-0000-000000000000",
          "tenant_id": "00000000-0000-0000-0000-000000000000",
          "type": "system_assigned",
        },
        "kind": "Managed",
        "location": "local",
        "mirror_traffic": {},
        "name": "my-endpoint",
        "openapi_uri": "http://127.0.0.1:8800/endpoints/my-endpoint/swagger.json",
        "properties": {
          "AzureAsyncOperationUri": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/hostler/onlineEndpoints/my-endpoint/operations/latest",
          "azureml.onlineendpointid": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/hostler/onlineEndpoints/my-endpoint",
          "createdAt": "2026-01-01T00:00:00.000Z",
          "createdBy": "hostler",
          "lastModifiedAt": "2026-01-01T00:00:00.000Z",
        },
        "provisioning_state": "Succeeded",
        "public_network_access": "enabled",
        "scoring_uri": "http://127.0.0.1:8800/endpoints/my-endpoint/score",
        "tags": {},
        "traffic": {},
      }
    `);
    expect(desk.control.plane.endpoints.actors).toEqual([{ name: "hostler ml" }]);
  });

  test("from a template whose name a script has changed", async () => {
    await file("endpoint.yml_", '$schema: x\nname: "{{ENDPOINT_NAME}}"\nauth_mode: key\n');
    const out = await ok("online-endpoint", "create", "-f", "endpoint.yml_", "--query", "name", "-o", "tsv");
    expect(out).toBe("from-template\n");
  });

  test("flags win over the file, --set over nothing but the file", async () => {
    await file("endpoint.yml", "name: of-the-file\nauth_mode: key\n");
    const words = ["-f", "endpoint.yml", "-n", "of-the-flag", "--set", "auth_mode=aml_token", "tags.a=1"];
    expect(JSON.parse(await ok("online-endpoint", "create", ...words))).toMatchObject({
      name: "of-the-flag",
      auth_mode: "aml_token",
      tags: { a: "1" },
    });
  });

  test("takes --var for what the file leaves open", async () => {
    await file("endpoint.yml", "name: ${NAME}\n");
    const words = ["-f", "endpoint.yml", "--var", "NAME=as-told", "--query", "name", "-o", "tsv"];
    expect(await ok("online-endpoint", "create", ...words)).toBe("as-told\n");
  });

  test("of one that exists ends with status 1 and says what to do", async () => {
    await ok("online-endpoint", "create", "-n", "twice");
    expect(await ml("online-endpoint", "create", "-n", "twice")).toEqual({
      exitCode: 1,
      out: "",
      err: "ERROR: (UserError) An endpoint with this name already exists.\nTo do: Choose another name, or change it with hostler ml online-endpoint update.\n",
    });
  });

  test("of a document with mistakes names the place", async () => {
    await file("endpoint.yml", "name: good-name\nauth_mod: key\n");
    const { exitCode, err } = await ml("online-endpoint", "create", "-f", "endpoint.yml");
    expect(exitCode).toBe(1);
    expect(err).toContain("endpoint.yml:2:1");
    expect(err).toContain("auth_mode");
    expect(desk.control.seen).toEqual([]);
  });

  test("with --local and --no-wait is refused", async () => {
    const { exitCode, err } = await ml("online-endpoint", "create", "-n", "abc", "--local", "--no-wait");
    expect(exitCode).toBe(1);
    expect(err).toContain("mutually exclusive");
  });

  test("with --no-wait prints no JSON", async () => {
    const { exitCode, out, err } = await ml("online-endpoint", "create", "-n", "abc", "--no-wait");
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: "" });
    expect(err).toContain("WARNING:");
    expect((await ml("online-endpoint", "create", "-n", "abd", "--no-wait", "--only-show-errors")).err).toBe(
      "",
    );
  });
});

describe("online-endpoint update", () => {
  beforeEach(async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint", "--set", "tags.a=1");
    await deploy("blue");
    await deploy("green");
  });

  test.each([
    [["--traffic", "blue=90 green=10"]],
    [["--traffic", '{"blue": 90, "green": 10}']],
    [["-r", "blue=90", "green=10"]],
    [["--traffic=blue=90,green=10"]],
  ])("takes traffic as %j, and changes nothing else", async (words) => {
    const out = await ok("online-endpoint", "update", "--name", "my-endpoint", ...words);
    expect(JSON.parse(out)).toMatchObject({ traffic: { blue: 90, green: 10 }, tags: { a: "1" } });
    expect(desk.control.seen.at(-1)).toBe("PUT /api/endpoints/my-endpoint/traffic");
  });

  test("mirrors, and ends it with 0", async () => {
    const mirror = async (share: string): Promise<unknown> =>
      JSON.parse(
        await ok(
          "online-endpoint",
          "update",
          "-n",
          "my-endpoint",
          "--mirror-traffic",
          share,
          "--query",
          "mirror_traffic",
        ),
      );
    expect(await mirror("green=10")).toEqual({ green: 10 });
    expect(await mirror("green=0")).toEqual({});
  });

  test("sets, adds and removes, without keeping what is only shown", async () => {
    const words = ["--set", "tags.b=2", "auth_mode=aml_token", "--remove", "tags.a"];
    const out = await ok("online-endpoint", "update", "-n", "my-endpoint", ...words);
    expect(JSON.parse(out)).toMatchObject({ tags: { b: "2" }, auth_mode: "aml_token" });
    expect(desk.control.plane.endpoints.all.get("my-endpoint")).toMatchObject({
      properties: {},
      traffic: {},
    });
  });

  test("becomes what a file says, but for the traffic", async () => {
    await ok("online-endpoint", "update", "-n", "my-endpoint", "--traffic", "blue=100");
    await file("endpoint.yml", "name: my-endpoint\ndescription: new\n");
    expect(JSON.parse(await ok("online-endpoint", "update", "-f", "endpoint.yml"))).toMatchObject({
      description: "new",
      tags: {},
      traffic: { blue: 100 },
    });
  });

  test.each([
    [["--traffic", "blue"], 1, '"blue" is no share of traffic'],
    [["--set", "auth_mode=password"], 1, "auth_mode"],
    [["--set", "nonsense.x=1"], 1, "nonsense"],
  ])("refuses %j", async (words, status, message) => {
    const { exitCode, out, err } = await ml("online-endpoint", "update", "-n", "my-endpoint", ...words);
    expect({ exitCode, out }).toEqual({ exitCode: status, out: "" });
    expect(err).toContain(message);
  });

  test("needs a name from somewhere", async () => {
    expect((await ml("online-endpoint", "update", "--traffic", "a=100")).exitCode).toBe(2);
    expect((await ml("online-endpoint", "update", "-n", "nothing", "--set", "tags.a=1")).exitCode).toBe(1);
  });
});

async function deploy(name: string): Promise<void> {
  await file("model.bin", "model");
  await ok("online-deployment", "create", "-n", name, "-e", "my-endpoint", "--model", "model.bin");
}

describe("online-endpoint show, list and delete", () => {
  test("shows 0 for each deployment without a share", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await deploy("blue");
    await deploy("green");
    await ok("online-endpoint", "update", "-n", "my-endpoint", "--traffic", "blue=100");
    const out = await ok("online-endpoint", "show", "-n", "my-endpoint", "--query", "traffic");
    expect(JSON.parse(out)).toEqual({ blue: 100, green: 0 });
  });

  test("of nothing ends with status 3", async () => {
    const { exitCode, out, err } = await ml("online-endpoint", "show", "-n", "nothing");
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
    expect(err).toBe("ERROR: (ResourceNotFound) There is no endpoint nothing.\n");
  });

  test("lists seven keys in every format", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    expect(JSON.parse(await ok("online-endpoint", "list"))).toEqual([
      {
        name: "my-endpoint",
        location: "local",
        traffic: {},
        mirror_traffic: {},
        provisioning_state: "Succeeded",
        kind: "Managed",
        tags: {},
      },
    ]);
    expect(await ok("online-endpoint", "list", "-o", "table")).toBe(
      [
        "Kind     Location    Name         Provisioning_state",
        "-------  ----------  -----------  --------------------",
        "Managed  local       my-endpoint  Succeeded",
        "",
      ].join("\n"),
    );
  });

  test("deletes with --yes, and asks nobody where nobody can answer", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    const refused = await ml("online-endpoint", "delete", "-n", "my-endpoint");
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain("Use --yes");
    expect(await ok("online-endpoint", "delete", "-y", "-n", "my-endpoint")).toBe("");
    expect(await ok("online-endpoint", "list")).toBe("[]\n");
    expect((await ml("online-endpoint", "delete", "-y", "-n", "my-endpoint")).exitCode).toBe(1);
  });
});

describe("credentials", () => {
  test("are printed in camel case", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    expect(JSON.parse(await ok("online-endpoint", "get-credentials", "-n", "my-endpoint"))).toEqual({
      primaryKey: "key-1",
      secondaryKey: "key-2",
    });
    const words = ["-n", "my-endpoint", "--query", "primaryKey", "-o", "tsv"];
    expect(await ok("online-endpoint", "get-credentials", ...words)).toBe("key-1\n");
  });

  test("of an endpoint without keys are a token", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint", "--auth-mode", "aml_token");
    expect(JSON.parse(await ok("online-endpoint", "get-credentials", "-n", "my-endpoint"))).toEqual({
      accessToken: "token",
      expiryTimeUtc: 2,
      refreshAfterTimeUtc: 1,
      tokenType: "Bearer",
    });
    expect((await ml("online-endpoint", "regenerate-keys", "-n", "my-endpoint")).err).toContain("no keys");
  });

  test("are made new, one at a time", async () => {
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    expect(
      await ok("online-endpoint", "regenerate-keys", "-n", "my-endpoint", "--key-type", "secondary"),
    ).toBe("");
    expect(JSON.parse(await ok("online-endpoint", "get-credentials", "-n", "my-endpoint"))).toEqual({
      primaryKey: "key-1",
      secondaryKey: "key-3",
    });
  });
});

describe("the control plane", () => {
  test("that is not there is one sentence", async () => {
    const stub = await startStub(() => undefined);
    await stub[Symbol.asyncDispose]();
    const environment = { HOSTLER_URL: stub.url };
    const { exitCode, err } = await runCli(["ml", "online-endpoint", "list"], { environment });
    expect(exitCode).toBe(1);
    expect(err).toBe(
      `ERROR: No server answers at ${stub.url} (ECONNREFUSED).\nTo do: Start it with hostler up, or name another control plane in HOSTLER_URL.\n`,
    );
  });

  test("that asks for a key gets the one of the environment", async () => {
    const { createHash } = await import("node:crypto");
    const adminKeySha256 = createHash("sha256").update("secret").digest("hex");
    await using guarded = await startControl({ adminKeySha256 });
    const list = async (key: string): Promise<CliResult> =>
      await runCli(["ml", "online-endpoint", "list"], {
        environment: { HOSTLER_URL: guarded.url, HOSTLER_ADMIN_KEY: key },
      });
    expect((await list("secret")).exitCode).toBe(0);
    const { exitCode, err } = await list("wrong");
    expect(exitCode).toBe(1);
    expect(err).toContain("HOSTLER_ADMIN_KEY");
  });
});
