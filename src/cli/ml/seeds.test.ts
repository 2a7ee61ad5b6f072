import { beforeEach, expect, test } from "vitest";
import { deploymentNameSchema, endpointNameSchema } from "../../contracts/control/names.ts";
import { useDesk } from "../testing/desk.ts";
import type { CliResult } from "../testing/run-cli.ts";

/** Lines as guides and sample scripts have them, with names put where those leave a blank. */

const desk = useDesk({ PATH: process.env["PATH"] });
const { file } = desk;

beforeEach(async () => {
  await file("src/score.py", "def init(): pass\ndef run(data): return data\n");
});

/** The words of a line as a shell would have them: quotes keep blanks together. */
function wordsOf(line: string): readonly string[] {
  return Array.from(line.replaceAll(/\\\n/g, " ").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), (found) => {
    return found[1] ?? found[2] ?? found[3] ?? "";
  });
}

async function az(line: string, environment: NodeJS.ProcessEnv = {}): Promise<CliResult> {
  const [, ...words] = wordsOf(line);
  return await desk.run(words, environment);
}

async function ok(line: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const { exitCode, out, err } = await az(line, environment);
  expect({ exitCode, err }, line).toEqual({ exitCode: 0, err: "" });
  return out;
}

async function register(): Promise<void> {
  await file("model.pkl", "model");
  await ok("az ml model create --name my-model-v1 --version 1 --path model.pkl");
  await ok("az ml model create --name my-model-v2 --version 1 --path model.pkl");
  await ok("az ml environment create --name my-env --version 1 --image my-image:1");
}

test("two deployments without a file, and traffic as JSON", async () => {
  await register();
  await ok(`az ml online-endpoint create --name my-endpoint \\
    --resource-group my-group \\
    --location westeurope \\
    --auth-mode Key`);
  await ok(`az ml online-deployment create --name blue \\
    --endpoint-name my-endpoint \\
    --model azureml:my-model-v1:1  \\
    --instance-type Standard_DS3_v2 \\
    --instance-count 1 \\
    --code-configuration ./src \\
    --scoring-script  ./src/score.py  \\
    --environment azureml:my-env:1`);
  await ok(`az ml online-deployment create --name green \\
    --endpoint-name my-endpoint \\
    --model azureml:my-model-v2:1 \\
    --instance-type Standard_DS3_v2 \\
    --instance-count 1 \\
    --code-configuration ./src \\
     --scoring-script  ./src/score.py  \\
    --environment azureml:my-env:1`);
  await ok(`az ml online-endpoint update --name my-endpoint \\
    --traffic  '{"blue": 80, "green": 20}'`);
  expect(desk.control.plane.endpoints.all.get("my-endpoint")).toMatchObject({
    auth_mode: "key",
    traffic: { blue: 80, green: 20 },
  });
  const endpoint = endpointNameSchema.parse("my-endpoint");
  expect(
    await desk.control.plane.deployments.get(endpoint, deploymentNameSchema.parse("green")),
  ).toMatchObject({
    model: { name: "my-model-v2", version: "1" },
    environment: { name: "my-env", version: "1" },
    code_configuration: { code: { name: "my-endpoint-green" }, scoring_script: "score.py" },
    instance_type: "Standard_DS3_v2",
  });
});

test("a template that takes the model from the environment", async () => {
  await register();
  await ok("az ml online-endpoint create --name my-endpoint");
  await file(
    "deployment_config.yaml",
    [
      "$schema: https://azuremlschemas.azureedge.net/latest/onlineDeployment.schema.json",
      "name: blue",
      "endpoint_name: my-endpoint",
      "model: azureml:${MY_MODEL_NAME}:${MY_MODEL_VERSION}",
      "instance_type: Standard_DS3_v2",
      "instance_count: 1",
      "code_configuration:",
      "  code: ./src",
      "  scoring_script: score.py",
      "environment: azureml:my-env:1",
      "",
    ].join("\n"),
  );
  const line = "az ml online-deployment create --file deployment_config.yaml";
  const missing = await az(line, { MY_MODEL_NAME: "my-model-v2" });
  expect(missing.exitCode).toBe(1);
  expect(missing.err).toContain("MY_MODEL_VERSION");
  const out = await ok(`${line} --query model -o tsv`, {
    MY_MODEL_NAME: "my-model-v2",
    MY_MODEL_VERSION: "1",
  });
  expect(out).toMatch(/^azureml:.*\/models\/my-model-v2\/versions\/1\n$/);
});

test("the lines of a script that deploys two models in one container", async () => {
  const name = "endpt-moe-12345";
  const registry = await ok("az ml workspace show --query container_registry -o tsv");
  expect(registry.trim().split("/").slice(8).join("/")).toBe("hostlerlocal");
  await file("endpoint.yml_", `$schema: x\nname: "${name}"\nauth_mode: key\n`);
  await file("models/iris.sav", "iris");
  await file(
    "deployment.yml_",
    [
      "name: minimal-multimodel",
      `endpoint_name: ${name}`,
      "model:",
      "  name: minimal-multimodel",
      "  path: models",
      "code_configuration:",
      "  code: src",
      "  scoring_script: score.py",
      "environment:",
      "  name: minimal-multimodel",
      "  image: hostlerlocal.azurecr.io/azureml-examples/minimal-multimodel:1",
      "instance_type: Standard_DS3_v2",
      "instance_count: 1",
      "",
    ].join("\n"),
  );
  await ok(`az ml online-endpoint create -n ${name} -f endpoint.yml_`);
  expect(await ok(`az ml online-endpoint show --name ${name} --query "provisioning_state" -o tsv`)).toBe(
    "Succeeded\n",
  );
  await ok(`az ml online-deployment create -e ${name} -f deployment.yml_ --all-traffic`);
  await ok(`az ml online-deployment update -e ${name} -f deployment.yml_`);
  expect(
    await ok(
      `az ml online-deployment show --name minimal-multimodel --endpoint ${name} --query provisioning_state -o tsv`,
    ),
  ).toBe("Succeeded\n");
  expect(await ok(`az ml online-endpoint get-credentials -n ${name} --query primaryKey -o tsv`)).toBe(
    "key-1\n",
  );
  expect(await ok(`az ml online-endpoint show -n ${name} --query scoring_uri -o tsv`)).toBe(
    `http://127.0.0.1:8800/endpoints/${name}/score\n`,
  );
  expect(await ok(`az ml online-endpoint delete -y -n ${name}`)).toBe("");
});
