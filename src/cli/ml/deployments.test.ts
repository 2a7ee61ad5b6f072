import { beforeEach, describe, expect, test } from "vitest";
import type { Deployment } from "../../contracts/control/deployment.ts";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import { useDesk } from "../testing/desk.ts";

const desk = useDesk({ PATH: process.env["PATH"] });
const { ml, ok, file } = desk;

const workspaceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/hostler";

const yaml = `
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: my-endpoint
model:
  path: ../models/model.pkl
code_configuration:
  code: ../src
  scoring_script: score.py
environment:
  image: my.azurecr.io/image:1
  conda_file: conda.yml
instance_type: Standard_DS3_v2
instance_count: 1
`;

beforeEach(async () => {
  await file("models/model.pkl", "model");
  await file("src/score.py", "def init(): pass\ndef run(data): return data\n");
  await file("deploy/blue.yml", yaml);
  await file("deploy/conda.yml", "dependencies: [python=3.11]\n");
  await ok("online-endpoint", "create", "-n", "my-endpoint");
});

async function put(name: string): Promise<Deployment> {
  return await desk.control.plane.deployments.get(
    endpointNameSchema.parse("my-endpoint"),
    deploymentNameSchema.parse(name),
  );
}

async function traffic(): Promise<unknown> {
  return JSON.parse(await ok("online-endpoint", "show", "-n", "my-endpoint", "--query", "traffic"));
}

describe("online-deployment create", () => {
  test("registers what the file brings along and waits until it is ready", async () => {
    const out = await ok("online-deployment", "create", "-f", "deploy/blue.yml", "--all-traffic");
    expect(JSON.parse(out)).toEqual({
      id: `${workspaceId}/onlineEndpoints/my-endpoint/deployments/blue`,
      name: "blue",
      endpoint_name: "my-endpoint",
      tags: {},
      properties: {},
      type: "managed",
      provisioning_state: "Succeeded",
      model: `azureml:${workspaceId}/models/my-endpoint-blue/versions/1`,
      environment: `azureml:${workspaceId}/environments/my-endpoint-blue/versions/1`,
      code_configuration: {
        code: `${workspaceId}/codes/my-endpoint-blue/versions/1`,
        scoring_script: "score.py",
      },
      environment_variables: {},
      app_insights_enabled: false,
      instance_type: "Standard_DS3_v2",
      instance_count: 1,
      scale_settings: { type: "default" },
      request_settings: { request_timeout_ms: 5000 },
      liveness_probe: {
        initial_delay: 10,
        period: 10,
        timeout: 2,
        success_threshold: 1,
        failure_threshold: 30,
      },
      readiness_probe: {
        initial_delay: 10,
        period: 10,
        timeout: 2,
        success_threshold: 1,
        failure_threshold: 30,
      },
      egress_public_network_access: "enabled",
      creation_context: {
        created_at: "2026-01-01T00:00:00.000Z",
        created_by: "hostler",
        created_by_type: "User",
        last_modified_at: "2026-01-01T00:00:00.000Z",
        last_modified_by: "hostler",
        last_modified_by_type: "User",
      },
    });
    expect(await traffic()).toEqual({ blue: 100 });
    const [model] = await desk.control.plane.assets.list("models", { archived: "with" });
    expect(model).toBeUndefined();
  });

  test("names what the file names", async () => {
    await file("m.pkl", "x");
    await ok("model", "create", "-n", "mine", "-p", "m.pkl", "-v", "3");
    await ok("environment", "create", "-n", "env", "--image", "image:1");
    const set = ["--set", "model=azureml:mine:3", "environment=azureml:env@latest"];
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", ...set);
    expect(await put("blue")).toMatchObject({
      model: { name: "mine", version: "3" },
      environment: { name: "env", version: "1" },
    });
  });

  test("takes Microsoft's own environments as their images", async () => {
    const set = "environment=azureml://registries/azureml/environments/sklearn-1.5/labels/latest";
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", "--set", set);
    const { environment } = await put("blue");
    expect(environment).not.toBeNull();
    const [asset] = await desk.control.plane.assets.versions("environments", environment?.name ?? never(), {
      archived: "with",
    });
    expect(asset?.image).toBe("mcr.microsoft.com/azureml/curated/sklearn-1.5:latest");
  });

  test("of one that exists ends with status 1", async () => {
    await ok("online-deployment", "create", "-f", "deploy/blue.yml");
    const { exitCode, err } = await ml("online-deployment", "create", "-f", "deploy/blue.yml");
    expect(exitCode).toBe(1);
    expect(err).toContain("(UserError) A deployment with this name already exists.");
  });

  test("below no endpoint ends with status 1, and registers nothing; --local makes one", async () => {
    const words = ["online-deployment", "create", "-f", "deploy/blue.yml", "-e", "another"];
    const { exitCode, err } = await ml(...words);
    expect(exitCode).toBe(1);
    expect(err).toBe("ERROR: There is no endpoint another.\n");
    expect(desk.control.seen.filter((seen) => seen.startsWith("POST"))).toEqual([]);
    await ok(...words, "--local");
    expect(desk.control.plane.endpoints.all.get("another")?.traffic).toEqual({ blue: 100 });
  });

  test("with --local takes the traffic of an endpoint whose deployments all have none", async () => {
    // As the control plane says it while the deployment is being made.
    await desk.control.plane.endpoints.setTraffic(
      endpointNameSchema.parse("my-endpoint"),
      { traffic: { blue: 0, green: 0 } },
      { name: "somebody" },
    );
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", "--local");
    expect(await traffic()).toEqual({ blue: 100 });
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", "-n", "green", "--local");
    expect(await traffic()).toEqual({ blue: 100, green: 0 });
  });

  test("that fails ends with status 1, the reason and the log", async () => {
    desk.control.plane.deployments.finalState = "Failed";
    const { exitCode, out, err } = await ml(
      "online-deployment",
      "create",
      "-f",
      "deploy/blue.yml",
      "--all-traffic",
    );
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expect(err).toBe(
      [
        "ERROR: Deployment blue of endpoint my-endpoint: Failed: init() raised ValueError: no such file",
        "20 lines of the inference-server of blue",
        "To do: All of its log: hostler ml online-deployment get-logs -n blue -e my-endpoint",
        "",
      ].join("\n"),
    );
    expect(await traffic()).toEqual({ blue: 0 });
  });

  test("with --no-wait prints it as it is, and warns of --all-traffic", async () => {
    const words = ["-f", "deploy/blue.yml", "--no-wait", "--all-traffic"];
    const { exitCode, out, err } = await ml("online-deployment", "create", ...words);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ provisioning_state: "Creating" });
    expect(err).toContain("--all-traffic has no effect with --no-wait");
    expect(await traffic()).toEqual({ blue: 0 });
  });

  test("of a script that is no Python is refused, unless it is told not to look", async () => {
    await file("src/score.py", "def init(:\n");
    const { exitCode, err } = await ml("online-deployment", "create", "-f", "deploy/blue.yml");
    expect(exitCode).toBe(1);
    expect(err).toContain("score.py");
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", "--skip-script-validation");
  });

  test("needs a file, or parts", async () => {
    const { exitCode, err } = await ml("online-deployment", "create", "-n", "blue", "-e", "my-endpoint");
    expect(exitCode).toBe(2);
    expect(err).toContain("the following arguments are required: --file/-f");
  });

  test.each(["score.py", "src/score.py", "./src/score.py"])("finds the script as %s", async (script) => {
    const parts = [
      "--model",
      "models/model.pkl",
      "--code-configuration",
      "./src",
      "--scoring-script",
      script,
    ];
    await ok("online-deployment", "create", "-n", "blue", "-e", "my-endpoint", ...parts);
    expect((await put("blue")).code_configuration?.scoring_script).toBe("score.py");
  });

  test("takes a script alone with its folder", async () => {
    await ok(
      "online-deployment",
      "create",
      "-n",
      "blue",
      "-e",
      "my-endpoint",
      "--scoring-script",
      "src/score.py",
    );
    expect((await put("blue")).code_configuration?.scoring_script).toBe("score.py");
  });
});

describe("online-deployment update", () => {
  beforeEach(async () => {
    await ok("online-deployment", "create", "-f", "deploy/blue.yml");
  });

  test("with the same file succeeds", async () => {
    const out = await ok("online-deployment", "update", "-e", "my-endpoint", "-f", "deploy/blue.yml");
    expect(JSON.parse(out)).toMatchObject({ provisioning_state: "Succeeded" });
  });

  test("changes one value and keeps the rest", async () => {
    const before = await put("blue");
    const set = [
      "instance_count=2",
      "environment_variables.A=1",
      "request_settings.request_timeout_ms=9000",
      "code_configuration.scoring_script=score.py",
    ];
    await ok("online-deployment", "update", "-n", "blue", "-e", "my-endpoint", "--set", ...set);
    expect(await put("blue")).toEqual({
      ...before,
      instance_count: 2,
      environment_variables: { A: "1" },
      request_settings: { ...before.request_settings, request_timeout_ms: 9000 },
    });
  });

  test("takes null for what is to be gone", async () => {
    const words = ["-n", "blue", "-e", "my-endpoint", "--set"];
    await ok("online-deployment", "update", ...words, "description=new", "tags.a=1");
    expect(await put("blue")).toMatchObject({ description: "new", tags: { a: "1" } });
    await ok("online-deployment", "update", ...words, "description=null", "tags.a=None");
    expect(await put("blue")).toMatchObject({ description: null, tags: {} });
  });

  test("takes another model or script by flags", async () => {
    await file("next/model.pkl", "next");
    const words = [
      "-n",
      "blue",
      "--endpoint",
      "my-endpoint",
      "--model",
      "next/model.pkl",
      "--instance-count",
      "3",
    ];
    await ok("online-deployment", "update", ...words);
    expect(await put("blue")).toMatchObject({
      instance_count: 3,
      model: { name: "my-endpoint-blue", version: "2" },
      code_configuration: { code: { version: "1" } },
    });
  });

  test.each([
    [["-n", "green", "-e", "my-endpoint", "--set", "instance_count=2"], 1, "Deployment does not exist."],
    [["-n", "blue", "-e", "my-endpoint", "--set", "instance_count=0"], 1, "instance_count"],
    [["-n", "blue", "-e", "my-endpoint", "--set", "nonsense=1"], 1, "nonsense"],
    [["-n", "blue", "--set", "instance_count=2"], 2, "--endpoint-name/-e"],
  ])("refuses %j", async (words, status, message) => {
    const { exitCode, out, err } = await ml("online-deployment", "update", ...words);
    expect({ exitCode, out }).toEqual({ exitCode: status, out: "" });
    expect(err).toContain(message);
  });
});

describe("online-deployment show, list, get-logs and delete", () => {
  const which = ["-n", "blue", "--endpoint", "my-endpoint"];

  beforeEach(async () => {
    await ok("online-deployment", "create", "-f", "deploy/blue.yml", "--all-traffic");
  });

  test("shows one; of nothing ends with status 1, unlike all others", async () => {
    const query = ["--query", "provisioning_state", "-o", "tsv"];
    expect(await ok("online-deployment", "show", ...which, ...query)).toBe("Succeeded\n");
    const { exitCode, err } = await ml("online-deployment", "show", "-n", "green", "-e", "my-endpoint");
    expect(exitCode).toBe(1);
    expect(err).toContain("ERROR: Deployment does not exist.");
  });

  test("lists six keys", async () => {
    expect(JSON.parse(await ok("online-deployment", "list", "-e", "my-endpoint"))).toEqual([
      {
        name: "blue",
        endpoint_name: "my-endpoint",
        provisioning_state: "Succeeded",
        instance_type: "Standard_DS3_v2",
        model: `azureml:${workspaceId}/models/my-endpoint-blue/versions/1`,
        type: "managed",
      },
    ]);
  });

  test("prints logs as they are, whatever the format", async () => {
    const words = [...which, "-l", "3", "-c", "storage-initializer", "-o", "json", "--query", "nothing"];
    expect(await ok("online-deployment", "get-logs", ...words)).toBe(
      "3 lines of the storage-initializer of blue\n",
    );
    expect(await ok("online-deployment", "get-logs", ...which)).toBe(
      "5000 lines of the inference-server of blue\n",
    );
  });

  test("deletes one that has no traffic", async () => {
    const refused = await ml("online-deployment", "delete", ...which, "--yes");
    expect(refused).toEqual({ exitCode: 1, out: "", err: "ERROR: blue has traffic.\n" });
    await ok("online-endpoint", "update", "-n", "my-endpoint", "--traffic", "{}");
    expect(await ok("online-deployment", "delete", ...which, "--yes")).toBe("");
    expect(await ok("online-deployment", "list", "-e", "my-endpoint")).toBe("[]\n");
  });
});

function never(): never {
  throw new Error("unreachable");
}
