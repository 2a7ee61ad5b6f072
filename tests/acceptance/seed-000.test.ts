import { cp, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { pythonInterpreter, root } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";
import { startUp, type RunningUp } from "../support/up.ts";

/**
 * The steps of the document's own script, `deploy-custom-container-minimal-multimodel.sh`, line by line: templates with
 * double braces, files called `.yml_`, abbreviated options, an update right after the create, both models called by name.
 */
const script = String.raw`
set -e
export ENDPOINT_NAME=endpt-moe-$RANDOM
export ACR_NAME=$(az ml workspace show --query container_registry -o tsv | cut -d'/' -f9-)
export ENDPOINT_PATH=endpoints/online/custom-container/minimal/multimodel
change_vars() {
  for FILE in "$@"; do
    TMP="$FILE"_
    cp $FILE $TMP

    sed -i "s#{{ENDPOINT_NAME}}#$ENDPOINT_NAME#g; s#{{ACR_NAME}}#$ACR_NAME#g" $TMP
  done
}
change_vars $ENDPOINT_PATH/minimal-multimodel-endpoint.yml
az ml online-endpoint create -n $ENDPOINT_NAME -f $ENDPOINT_PATH/minimal-multimodel-endpoint.yml_
rm $ENDPOINT_PATH/*.yml_
endpoint_status=$(az ml online-endpoint show --name $ENDPOINT_NAME --query "provisioning_state" -o tsv)
echo "endpoint: $endpoint_status"
[[ $endpoint_status == "Succeeded" ]] || exit 1
az acr build -t azureml-examples/minimal-multimodel:1 -r $ACR_NAME -f $ENDPOINT_PATH/minimal-multimodel.dockerfile $ENDPOINT_PATH
change_vars $ENDPOINT_PATH/minimal-multimodel-deployment.yml
az ml online-deployment create -e $ENDPOINT_NAME -f $ENDPOINT_PATH/minimal-multimodel-deployment.yml_ --all-traffic
az ml online-deployment update -e $ENDPOINT_NAME -f $ENDPOINT_PATH/minimal-multimodel-deployment.yml_
deploy_status=$(az ml online-deployment show --name minimal-multimodel --endpoint $ENDPOINT_NAME --query provisioning_state -o tsv)
echo "deployment: $deploy_status"
[[ $deploy_status == "Succeeded" ]] || exit 1
KEY=$(az ml online-endpoint get-credentials -n $ENDPOINT_NAME --query primaryKey -o tsv)
SCORING_URL=$(az ml online-endpoint show -n $ENDPOINT_NAME --query scoring_uri -o tsv)
echo "iris: $(curl -sS -X POST -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d @$ENDPOINT_PATH/test-data/iris-test-data.json $SCORING_URL)"
echo "diabetes: $(curl -sS -X POST -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d @$ENDPOINT_PATH/test-data/diabetes-test-data.json $SCORING_URL)"
rm $ENDPOINT_PATH/*.yml_
az ml online-endpoint delete -y -n $ENDPOINT_NAME
echo "left: $(az ml online-endpoint list --query "length(@)")"
`;

const documents = {
  "minimal-multimodel-endpoint.yml": `$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
name: "{{ENDPOINT_NAME}}"
auth_mode: key
`,
  "minimal-multimodel-deployment.yml": `$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: minimal-multimodel
endpoint_name: {{ENDPOINT_NAME}}
model:
  name: minimal-multimodel
  path: models
code_configuration:
  code: code
  scoring_script: minimal-multimodel-score.py
environment:
  name: minimal-multimodel
  image: {{ACR_NAME}}.azurecr.io/azureml-examples/minimal-multimodel:1
instance_type: Standard_DS3_v2
instance_count: 1
`,
  "minimal-multimodel.dockerfile": `FROM mcr.microsoft.com/azureml/minimal-py312-inference:latest
RUN pip install pandas numpy scikit-learn joblib
`,
} as const;

describe("seed 000: two models in one deployment", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let up: RunningUp;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    const sample = join(folder, "endpoints/online/custom-container/minimal/multimodel");
    await cp(join(root, "examples", "azure-multimodel"), sample, { recursive: true });
    await runOrFail([pythonInterpreter(), "-B", join(sample, "train.py")]);
    for (const [from, to] of [
      ["code/score.py", "code/minimal-multimodel-score.py"],
      ["test-data/iris.json", "test-data/iris-test-data.json"],
      ["test-data/diabetes.json", "test-data/diabetes-test-data.json"],
    ] as const)
      await rename(join(sample, from), join(sample, to));
    for (const [name, text] of Object.entries(documents)) await writeFile(join(sample, name), text);
    // An engine may be here; that this works without one is what the document's readers need first.
    up = await startUp({ args: ["--engine", "process"], env: { HOSTLER_ENGINE: "process" } });
    cleanup.add(up.stop);
  });

  afterAll(() => cleanup.run());

  test("its script, line by line: both models are called by name, and nothing is left", async () => {
    const printed = await up.shell(script, { cwd: folder, env: { HOSTLER_ENGINE: "process" } });
    expect(printed).toContain("endpoint: Succeeded");
    expect(printed).toContain("deployment: Succeeded");
    // The script returns a str, which the scoring server makes a JSON string: quoted twice, as on Azure.
    expect(lineOf(printed, "iris")).toMatch(
      /^"\{\\"0\\":\{\\"0\\":0,\\"1\\":0,\\"2\\":0,\\"3\\":0,\\"4\\":0\}\}"$/,
    );
    expect(JSON.parse(String(JSON.parse(lineOf(printed, "diabetes"))))).toEqual({
      0: Object.fromEntries(["0", "1", "2", "3", "4"].map((row) => [row, expect.any(Number)])),
    });
    expect(lineOf(printed, "left")).toBe("0");
  });

  test("the example of the same, with its own script", async () => {
    const example = join(folder, "example");
    await cp(join(root, "examples", "azure-multimodel"), example, { recursive: true });
    await runOrFail([pythonInterpreter(), "-B", join(example, "train.py")]);
    const printed = await up.shell("./deploy.sh", { cwd: example });
    expect(lineOf(printed, "iris")).toContain(String.raw`\"0\":0`);
    expect(lineOf(printed, "diabetes")).toContain(String.raw`{\"0\":{\"0\":`);
  });
});

function lineOf(printed: string, name: string): string {
  const prefix = `${name}: `;
  const line = printed.split("\n").find((one) => one.startsWith(prefix));
  if (line === undefined) throw new Error(`No line for ${name} in:\n${printed}`);
  return line.slice(prefix.length);
}
