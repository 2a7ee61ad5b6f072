import { describe, expect, it } from "vitest";
import { environmentSpecSchema, modelSpecSchema } from "../../contracts/control/assets.ts";
import { deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import { endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { folderWith } from "../testing/folder.ts";
import type { DocumentKind, Documents } from "./documents.ts";
import { readDocument } from "./read-document.ts";
import { deploymentParts, endpointSpec, environmentSpec, modelSpec } from "./specs.ts";

async function read<Kind extends DocumentKind>(kind: Kind, text: string): Promise<Documents[Kind]> {
  const cwd = await folderWith({
    "d.yml": text,
    "code/score.py": "",
    "model/m.pkl": "",
    "conda.yml": "{a: [b]}",
  });
  return (await readDocument(kind, { file: "d.yml", variables: {}, cwd })).document;
}

it("makes of an endpoint what the control API takes", async () => {
  const document = await read(
    "online-endpoint",
    `name: my-endpoint
auth_mode: AMLToken
traffic: {blue: 90, green: 10}
mirror_traffic: {green: 10}
identity: {type: none}
compute: azureml:k8s
status_mode: transparent
location: westeurope
`,
  );
  expect(endpointSpecSchema.parse(endpointSpec(document))).toEqual({
    name: "my-endpoint",
    description: null,
    tags: {},
    properties: {},
    auth_mode: "aml_token",
    traffic: { blue: 90, green: 10 },
    mirror_traffic: { green: 10 },
    public_network_access: "enabled",
    identity: { type: "none", user_assigned_identities: [] },
    compute: "k8s",
    status_mode: "transparent",
  });
});

describe("a deployment", () => {
  const head = "name: blue\nendpoint_name: my-endpoint\n";

  it("is taken apart", async () => {
    const document = await read(
      "online-deployment",
      `${head}model: {path: model}
code_configuration: {code: code, scoring_script: score.py}
environment: azureml:my-env@latest
environment_variables: {A: 1}
type: kubernetes
scale_settings: {type: target_utilization, max_instances: 3}
request_settings: {request_timeout_ms: 0, max_concurrent_requests_per_instance: 2, max_queue_wait_ms: 0}
readiness_probe: {period: 5}
resources: {limits: {cpu: "1", gpu: "1"}}
instance_type: any
`,
    );
    const { model, code, environment, rest } = deploymentParts(document);
    expect(model?.kind === "inline" ? model.model.path : model).toMatch(/\/model$/);
    expect(code?.source.kind === "folder" ? code.source.path : code).toMatch(/\/code$/);
    expect(code?.scoringScript).toBe("score.py");
    expect(environment).toEqual({
      kind: "reference",
      reference: { scope: "workspace", name: "my-env", at: { kind: "label", label: "latest" } },
    });
    expect(deploymentSpecSchema.parse(rest)).toMatchObject({
      name: "blue",
      endpoint_name: "my-endpoint",
      type: "kubernetes",
      environment_variables: { A: "1" },
      instance_count: 1,
      scale_settings: { type: "target_utilization", min_instances: 1, max_instances: 3 },
      request_settings: {
        request_timeout_ms: 5000,
        max_concurrent_requests_per_instance: 2,
        max_queue_wait_ms: null,
      },
      readiness_probe: { period: 5, timeout: 2 },
      resources: { requests: {}, limits: { cpu: "1", "nvidia.com/gpu": "1" } },
    });
  });

  it("may have nothing but its names", async () => {
    const { model, code, environment, rest } = deploymentParts(await read("online-deployment", head));
    expect([model, code, environment]).toEqual([null, null, null]);
    expect(deploymentSpecSchema.parse(rest)).toMatchObject({ engine: "auto", command: null, model: null });
  });

  it.each([
    ["engine: Container", "container"],
    ["tags: {hostler.engine: process}", "process"],
    ["engine: auto\ntags: {hostler.engine: process}", "auto"],
  ])("runs where %j says", async (text, engine) => {
    const { rest } = deploymentParts(await read("online-deployment", `${head}${text}\n`));
    expect(rest.engine).toBe(engine);
  });

  it.each([
    ["python app.py --port 8003", ["/bin/sh", "-c", "python app.py --port 8003"]],
    ["[python, app.py]", ["python", "app.py"]],
  ])("starts %s", async (command, words) => {
    const { rest } = deploymentParts(await read("online-deployment", `${head}command: ${command}\n`));
    expect(rest.command).toEqual(words);
  });
});

it("makes of a model what the control API takes, named or not", async () => {
  const named = await read(
    "model",
    "name: iris\nversion: 2\ntype: MLFLOW_MODEL\npath: model\ntags: {a: 1}\n",
  );
  expect(modelSpecSchema.parse(modelSpec(named, "unnamed"))).toMatchObject({
    name: "iris",
    version: "2",
    type: "mlflow_model",
    path: named.path,
    tags: { a: "1" },
    is_anonymous: false,
  });
  expect(modelSpecSchema.parse(modelSpec({ path: "/m" }, "unnamed"))).toMatchObject({
    name: "unnamed",
    version: null,
    path: "/m",
    is_anonymous: true,
  });
});

it("makes of an environment what the control API takes, named or not", async () => {
  const named = await read("environment", "name: my-env\nimage: python:3.12\nconda_file: conda.yml\n");
  expect(environmentSpecSchema.parse(environmentSpec(named, "unnamed"))).toMatchObject({
    name: "my-env",
    image: "python:3.12",
    conda: { a: ["b"] },
    build: null,
    is_anonymous: false,
  });
  expect(environmentSpec({ image: "a:1" }, "unnamed")).toMatchObject({ name: "unnamed", is_anonymous: true });
});
