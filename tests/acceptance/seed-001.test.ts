import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { send } from "../support/http.ts";
import { sharedPath } from "../support/paths.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { until } from "../support/until.ts";

const seed = sharedPath("seeds", "001_bc68f0e7f0a02879.txt");

/** What the reader of the document fills in. */
const values: Readonly<Record<string, string>> = {
  "<your-resource-group>": "my-group",
  "<your-location>": "westeurope",
  "<your-model-name>": "my-model",
  "<your-model-version>": "1",
  "<your-model-name-v2>": "my-model",
  "<your-model-version-v2>": "2",
  "<your-environment-name>": "my-env",
  "<your-environment-version>": "1",
};

/** Our copy of the document's lines, for where it is not at hand. */
const lines = {
  single: String.raw`az ml online-endpoint create --name my-endpoint \
    --resource-group <your-resource-group> \
    --location <your-location> \
    --auth-mode Key

az ml online-deployment create --name blue \
    --endpoint-name my-endpoint \
    --model azureml:<your-model-name>:<your-model-version>  \
    --instance-type Standard_DS3_v2 \
    --instance-count 1 \
    --code-configuration ./src \
    --scoring-script  ./src/score.py  \
    --environment azureml:<your-environment-name>:<your-environment-version>
`,
  yaml: `$schema: https://azuremlschemas.azureedge.net/latest/onlineDeployment.schema.json
name: blue
endpoint_name: my-endpoint
model: azureml:<your-model-name>:<your-model-version>
instance_type: Standard_DS3_v2
instance_count: 1
code_configuration:
  code: ./src
  scoring_script: score.py
environment: azureml:<your-environment-name>:<your-environment-version>
`,
  file: "az ml online-deployment create --file deployment_config.yaml\n",
  split: String.raw`az ml online-deployment create --name green \
    --endpoint-name my-endpoint \
    --model azureml:<your-model-name-v2>:<your-model-version-v2> \
    --instance-type Standard_DS3_v2 \
    --instance-count 1 \
    --code-configuration ./src \
     --scoring-script  ./src/score.py  \
    --environment azureml:<your-environment-name>:<your-environment-version>

az ml online-endpoint update --name my-endpoint \
    --traffic  '{"blue": 80, "green": 20}'
`,
} as const;

type Lines = Readonly<Record<keyof typeof lines, string>>;

/** The document's own blocks, in its order: one deployment, its YAML, the file, the split. */
async function linesOfDocument(path: string): Promise<Lines> {
  const text = await readFile(path, "utf8");
  const blocks = [...text.matchAll(/```(?:python|yaml)\n(.*?)```/gs)].map(([, block = ""]) => block);
  const [single, yaml, file, split] = blocks;
  if (single === undefined || yaml === undefined || file === undefined || split === undefined)
    throw new Error(`The document has ${String(blocks.length)} blocks, not four.`);
  return { single, yaml, file, split };
}

function filled(text: string): string {
  return text.replaceAll(/<your-[\w-]+>/g, (name) => values[name] ?? name);
}

const score = `
import json, os

def init():
    global answer
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")) as file:
        answer = file.read().strip()

def run(data):
    return {"model": answer, "rows": len(json.loads(data)["data"])}
`;

describe(`seed 001, from ${seed === undefined ? "our copy of its lines" : "the document itself"}`, () => {
  const cleanup = new Cleanup();
  let folder: string;
  let up: RunningUp;
  let document: Lines;

  const shell = (line: string, env: Readonly<Record<string, string>> = {}): Promise<string> =>
    up.shell(filled(line), { cwd: folder, env });

  beforeAll(async () => {
    document = seed === undefined ? lines : await linesOfDocument(seed);
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    await mkdir(join(folder, "src"));
    await writeFile(join(folder, "src", "score.py"), score);
    for (const [version, text] of [
      ["one", "first"],
      ["two", "second"],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "model.txt"), text);
    }
    up = await startUp({ args: ["--engine", "process"] });
    cleanup.add(up.stop);
    await shell("az ml model create --name my-model --version 1 --path one/model.txt");
    await shell("az ml model create --name my-model --version 2 --path two/model.txt");
    await shell("az ml environment create --name my-env --version 1 --image mcr.example/my-env:1");
  });

  afterAll(() => cleanup.run());

  async function ask(headers: Readonly<Record<string, string>> = {}): Promise<{ model: string; by: string }> {
    const reply = await send(up.url, {
      method: "POST",
      path: "/endpoints/my-endpoint/score",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: '{"data": [[1], [2]]}',
    });
    expect(reply.status, reply.body).toBe(200);
    const { model } = JSON.parse(reply.body) as { readonly model: string };
    return { model, by: String(reply.headers["azureml-model-deployment"]) };
  }

  let key = "";

  test("example 1: an endpoint and one deployment, by flags alone", async () => {
    await shell(document.single);
    const show = "az ml online-deployment show --name blue --endpoint-name my-endpoint";
    expect(await shell(`${show} --query provisioning_state -o tsv`)).toBe("Succeeded\n");
    key = (
      await shell("az ml online-endpoint get-credentials --name my-endpoint --query primaryKey -o tsv")
    ).trim();
    expect(await ask({ "azureml-model-deployment": "blue" })).toEqual({ model: "first", by: "blue" });
  });

  test("example 2: the same deployment from its YAML", async () => {
    await shell("az ml online-deployment delete --name blue --endpoint-name my-endpoint --yes");
    await writeFile(join(folder, "deployment_config.yaml"), filled(document.yaml));
    await shell(document.file);
    expect(await ask({ "azureml-model-deployment": "blue" })).toEqual({ model: "first", by: "blue" });
  });

  test("example 3: 80 to 20, exactly, over 1,000 requests and over any 100 of them", async () => {
    await shell(document.split);
    const traffic = "az ml online-endpoint show --name my-endpoint --query traffic -o json";
    expect(JSON.parse(await shell(traffic))).toEqual({ blue: 80, green: 20 });
    const seen: string[] = [];
    for (let index = 0; index < 1000; index += 1) {
      const { model, by } = await ask();
      expect(model).toBe(by === "blue" ? "first" : "second");
      seen.push(by);
    }
    for (let start = 0; start + 100 <= seen.length; start += 1)
      expect(seen.slice(start, start + 100).filter((by) => by === "green")).toHaveLength(20);
  });

  test("a template with ${MY_MODEL_NAME} and ${MY_MODEL_VERSION} is filled in from the environment", async () => {
    const template = filled(document.yaml)
      .replace("name: blue", "name: templated")
      .replace("azureml:my-model:1", "azureml:${MY_MODEL_NAME}:${MY_MODEL_VERSION}");
    await writeFile(join(folder, "template.yaml"), template);
    const line = "az ml online-deployment create --file template.yaml";
    const missing = await up.attempt(line, { cwd: folder, env: { MY_MODEL_NAME: "my-model" } });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/template\.yaml:\d+:\d+.*MY_MODEL_VERSION/s);
    await shell(line, { MY_MODEL_NAME: "my-model", MY_MODEL_VERSION: "2" });
    expect(await ask({ "azureml-model-deployment": "templated" })).toEqual({
      model: "second",
      by: "templated",
    });
  });

  test("a shadow deployment gets a copy of the traffic, answers nobody, and is compared", async () => {
    await shell('az ml online-endpoint update --name my-endpoint --traffic "blue=100"');
    await shell('az ml online-endpoint update --name my-endpoint --mirror-traffic "green=50"');
    for (let index = 0; index < 100; index += 1) expect((await ask()).by).toBe("blue");
    const mirror = await until("50 copies to be compared", async () => {
      const reply = await send(up.controlUrl, { method: "GET", path: "/api/endpoints/my-endpoint/mirror" });
      const found = JSON.parse(reply.body) as Readonly<Record<string, number>>;
      return (found["compared"] ?? 0) + (found["dropped"] ?? 0) === 50 ? found : undefined;
    });
    expect(mirror).toMatchObject({ deployment: "green", agreed: 0 });
    expect(mirror["disagreed"]).toBeGreaterThan(0);
  });

  test("what is wrong is said, with the exit code that az gives", async () => {
    const again = await up.attempt("az ml online-endpoint create --name my-endpoint", { cwd: folder });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("already exists");
    const missing = await up.attempt("az ml online-endpoint show --name no-such-one", { cwd: folder });
    expect(missing.code).toBe(3);
    const flags = await up.attempt("az ml online-endpoint show --nonsense", { cwd: folder });
    expect(flags.code).toBe(2);
    const live = "az ml online-deployment delete --name blue --endpoint-name my-endpoint --yes";
    const refused = await up.attempt(live, { cwd: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/traffic/);
  });
});
