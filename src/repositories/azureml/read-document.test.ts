import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { type Files, folderWith } from "../testing/folder.ts";
import type { DocumentKind, ReadDocument } from "./documents.ts";
import { readDocument, type ReadOptions } from "./read-document.ts";

const minimal = "name: blue\nendpoint_name: my-endpoint\n";

type Given = Partial<Omit<ReadOptions, "cwd">> & { readonly files?: Files; readonly text?: string };

/** Reads `text` as the file `d.yml` of a folder that has the `files` too. */
async function read<Kind extends DocumentKind>(
  kind: Kind,
  { files = {}, text, ...options }: Given,
): Promise<ReadDocument<Kind> & { readonly cwd: string }> {
  const cwd = await folderWith({ ...files, ...(text === undefined ? {} : { "d.yml": text }) });
  return { ...(await readDocument(kind, { file: "d.yml", variables: {}, ...options, cwd })), cwd };
}

/** Everything that is wrong, as `where: reason (hint)`. */
async function mistakes(kind: DocumentKind, given: Given): Promise<readonly string[]> {
  const error: unknown = await read(kind, given).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServingError)) throw new Error("It was taken.", { cause: error });
  expect(error.code).toBe("INVALID_DOCUMENT");
  const { where, hint } = error.details;
  if (where === undefined) return error.message.split("\n- ").slice(1);
  return [`${where}: ${error.message}${hint === undefined ? "" : ` (${hint})`}`];
}

describe("mistakes in fields", () => {
  it.each<readonly [string, string, string]>([
    ["instance_cout: 1", "d.yml:3:1", 'instance_cout: unknown key (Did you mean "instance_count"?)'],
    [
      "liveness_probe: {wait: 1}",
      "d.yml:3:18",
      "liveness_probe.wait: unknown key (Known keys: initial_delay, period, timeout, success_threshold, failure_threshold.)",
    ],
    [
      "model:\n  path: .\n  type: onnx",
      "d.yml:5:9",
      'model.type: expected custom_model, mlflow_model or triton_model, got "onnx"',
    ],
    [
      "description: 5",
      "d.yml:3:14",
      "description: expected a string, got 5 (If 5 is meant as text, put it in quotes.)",
    ],
    [
      "liveness_probe:",
      "d.yml:3:16",
      "liveness_probe: expected a mapping, got null (Give the key a value, or remove it.)",
    ],
    ["instance_count: two", "d.yml:3:17", 'instance_count: expected a whole number from 1 to 50, got "two"'],
    ["instance_count: 51", "d.yml:3:17", "instance_count: expected a whole number from 1 to 50, got 51"],
    [
      "environment: sklearn:1",
      "d.yml:3:14",
      'environment: "sklearn:1" does not start with "azureml:" (Write azureml:NAME:VERSION for something registered, or a mapping to define it here.)',
    ],
    ["model: 5", "d.yml:3:8", "model: expected azureml:NAME:VERSION, or a mapping, got 5"],
    [
      "environment: {image: x, dependencies: []}",
      "d.yml:3:25",
      "environment.dependencies: unknown key (This belongs into a conda file: put it there, and name the file as conda_file.)",
    ],
    [
      "code_configuration: {code: src}",
      "d.yml:3:21",
      "code_configuration.scoring_script: code without a scoring_script (Name the file below the code folder as scoring_script.)",
    ],
    [
      "environment:\n  image: x\n  inference_config:\n    scoring_route: {port: 8003, path: /score}\n    readiness_route: {port: 8003, path: /}",
      "d.yml:6:5",
      "environment.inference_config.liveness_route is missing (Add it: a mapping.)",
    ],
    [
      "environment:\n  inference_config:\n    liveness_route: {port: 8003, path: score}\n    scoring_route: {port: 8003, path: /}\n    readiness_route: {port: 8003, path: /}",
      "d.yml:5:40",
      'environment.inference_config.liveness_route.path: expected a path that starts with /, got "score"',
    ],
    [
      "scale_settings:\n  type: target_utilization",
      "d.yml:4:9",
      "scale_settings.type: managed deployments take the scale settings of type default only (Write type: default, or type: kubernetes for the deployment.)",
    ],
    [
      "tags: {hostler.engine: docker}",
      "d.yml:3:24",
      'tags.hostler.engine: expected auto, process, container, got "docker"',
    ],
    [
      "command: {a: b}",
      "d.yml:3:10",
      'command: expected a line for the shell, or a list of words, got {"a":"b"}',
    ],
  ])("%s", async (text, where, rest) => {
    expect(await mistakes("online-deployment", { text: `${minimal}${text}\n` })).toEqual([
      `${where}: ${rest}`,
    ]);
  });

  it("are all told at once, in the order of the file", async () => {
    const text = "nam: blue\nendpoint_name: my_endpoint\ninstance_count: 0\nmodel: m\n";
    expect(await mistakes("online-deployment", { text })).toEqual([
      expect.stringContaining("d.yml:1:1: name is missing"),
      expect.stringContaining("d.yml:1:1: nam: unknown key"),
      expect.stringContaining("d.yml:2:16: endpoint_name: expected 3 to 32 letters"),
      expect.stringContaining("d.yml:3:17: instance_count: expected"),
      expect.stringContaining("d.yml:4:8: model: "),
    ]);
  });

  it("are all in the message too", async () => {
    const reading = read("online-deployment", { text: "name: x\n" });
    await expect(reading).rejects.toThrow(
      /^2 mistakes:\n- d.yml:1:1: endpoint_name is missing .*\n- d.yml:1:7: name: expected .*$/,
    );
  });
});

describe("files", () => {
  it.each([
    [{ files: {} }, 'd.yml: there is no file "d.yml"'],
    [{ text: "" }, "d.yml: the file is empty"],
    [{ text: "# nothing\n" }, "d.yml: the file is empty"],
    [
      { text: "- a\n" },
      'd.yml:1:1: expected a mapping, got ["a"] (Write it as lines of the form key: value.)',
    ],
    [{ text: "a: {\n" }, "d.yml:2:1: not YAML: "],
    [{ text: "", file: "." }, ".: the file cannot be read: "],
  ])("%j is refused", async (given, expected) => {
    const [mistake = ""] = await mistakes("online-endpoint", given);
    expect(mistake.replace(/^\/\S+?: /, ".: ")).toContain(expected);
  });

  it("may have any name, and lie anywhere", async () => {
    const files = {
      "a/b/deployment.yml_": `${minimal}model: {path: ../../m/model.pkl}\n`,
      "m/model.pkl": "",
    };
    const { document, where, cwd } = await read("online-deployment", { files, file: "a/b/deployment.yml_" });
    expect(document.model).toMatchObject({ model: { path: join(cwd, "m/model.pkl") } });
    expect(where(["model", "path"])).toBe("a/b/deployment.yml_:3:15");
  });

  it.each([["utf8"], ["utf16le"]] as const)("may be %s with a byte order mark", async (encoding) => {
    const bytes = Buffer.from("\u{FEFF}name: my-endpoint\ndescription: é\n", encoding);
    const given = { file: "-", standardInput: Readable.from([bytes]) };
    const { document, where } = await read("online-endpoint", given);
    expect(document).toMatchObject({ name: "my-endpoint", description: "é" });
    expect(where(["name"])).toBe("standard input:1:7");
  });

  it("that are no text are refused", async () => {
    const given = { file: "-", standardInput: Readable.from([Buffer.from([0x61, 0xff])]) };
    expect(await mistakes("online-endpoint", given)).toEqual([
      "standard input: the file cannot be read: it is not text in UTF-8",
    ]);
  });

  it("are standard input where they are a hyphen, and paths start from the working directory", async () => {
    const standardInput = Readable.from([Buffer.from("name: iris\npath: mod"), Buffer.from("els\n")]);
    const files = { "models/a": "" };
    const { document, where, cwd } = await read("model", { files, file: "-", standardInput });
    expect(document).toMatchObject({ name: "iris", path: join(cwd, "models") });
    expect(where(["name"])).toBe("standard input:1:7");
  });

  it("are not needed where flags say everything", async () => {
    const overrides = [
      { path: "name", value: "iris", origin: "--name" },
      { path: "path", value: "models", origin: "--path" },
    ];
    const { document, cwd } = await read("model", { files: { "models/a": "" }, file: null, overrides });
    expect(document).toMatchObject({ name: "iris", path: join(cwd, "models") });
    expect(await mistakes("model", { file: null, overrides })).toEqual([
      '--path: path: there is no file or folder "models"',
    ]);
    expect(
      await mistakes("model", { file: null, overrides: overrides.slice(1), files: { "models/a": "" } }),
    ).toEqual([expect.stringContaining("the command line: name is missing")]);
  });
});

describe("templates", () => {
  const text = "# not {{NEEDED}}\nname: {{NAME}} # nor ${THIS}\ntags:\n  a: 'x ${A_TAG} y'\n  {{A_KEY}}: b\n";

  it("are filled in before anything is read", async () => {
    const variables = { NAME: "my-endpoint", A_TAG: "z", A_KEY: "k" };
    const { document } = await read("online-endpoint", { text, variables });
    expect(document).toEqual({ name: "my-endpoint", tags: { a: "x z y", k: "b" } });
  });

  it("need their variables, except in comments", async () => {
    const hint = (name: string): string =>
      `(Set it: export ${name}=VALUE, or --var ${name}=VALUE. A backslash before it keeps it as text.)`;
    expect(await mistakes("online-endpoint", { text })).toEqual([
      `d.yml:2:7: the variable NAME is not set ${hint("NAME")}`,
      `d.yml:4:9: the variable A_TAG is not set ${hint("A_TAG")}`,
      `d.yml:5:3: the variable A_KEY is not set ${hint("A_KEY")}`,
    ]);
  });

  it("need none for what a flag replaces", async () => {
    const overrides = [{ path: "name", value: "other-endpoint" }];
    const { document } = await read("online-endpoint", { text: "name: {{NAME}}\n", overrides });
    expect(document.name).toBe("other-endpoint");
  });
});

describe("what a document names", () => {
  it("is told with the line where it is missing, and the nearest name that is there", async () => {
    const files = { "src/score.py": "", "docker/Dockerfile": "", "conda.yaml": "a: b", "models/m": "" };
    const text = `${minimal}model: {path: model}
code_configuration: {code: src, scoring_script: scor.py}
environment:
  build: {path: docker, dockerfile_path: Dockerfil}
  conda_file: conda.yml
`;
    expect(await mistakes("online-deployment", { files, text })).toEqual([
      'd.yml:3:15: model.path: there is no file or folder "model" (Did you mean "models"?)',
      'd.yml:4:49: code_configuration.scoring_script: there is no file "src/scor.py" (Did you mean "score.py"?)',
      'd.yml:6:42: environment.build.dockerfile_path: there is no file "docker/Dockerfil" (Did you mean "Dockerfile"?)',
      'd.yml:7:15: environment.conda_file: there is no file "conda.yml" (Did you mean "conda.yaml"?)',
    ]);
  });

  it("has to be on this machine", async () => {
    const of = (path: string): Promise<readonly string[]> =>
      mistakes("model", { text: `name: m\npath: ${path}\n` });
    expect(await of("azureml:m:1")).toEqual([
      expect.stringContaining('"azureml:m:1" is not on this machine (Write'),
    ]);
    for (const path of ["runs:/1/model", "azureml://datastores/d/paths/m"]) {
      expect(await of(path)).toEqual([
        expect.stringContaining("(Download it, and name the file or folder.)"),
      ]);
    }
  });

  it("is not found between the backslashes of Windows, which is said", async () => {
    const files = { "models/a": "" };
    const text = "name: m\npath: models\\a\n";
    expect(await mistakes("model", { files, text })).toEqual([
      expect.stringContaining("(Write / between folders, which works everywhere.)"),
    ]);
  });

  it("has to be a folder where code is meant", async () => {
    const text = `${minimal}code_configuration: {code: score.py, scoring_script: score.py}\n`;
    expect(await mistakes("online-deployment", { text, files: { "score.py": "" } })).toEqual([
      'd.yml:3:28: code_configuration.code: "score.py" is a file (Name the folder that it lies in.)',
    ]);
  });

  it("may be a script that is given with its folder", async () => {
    const text = `${minimal}code_configuration: {code: ./src, scoring_script: ./src/sub/score.py}\n`;
    const { document } = await read("online-deployment", { text, files: { "src/sub/score.py": "" } });
    expect(document.code_configuration).toMatchObject({ scoring_script: "sub/score.py" });
  });

  it("may be a script of Python, whose syntax is asked about", async () => {
    const text = `${minimal}code_configuration: {code: src, scoring_script: score.py}\n`;
    const files = { "src/score.py": "def init(:\n" };
    const asked: string[] = [];
    const checkScript = (path: string): Promise<{ line: number; reason: string }> => {
      asked.push(path);
      return Promise.resolve({ line: 1, reason: "invalid syntax" });
    };
    expect(await mistakes("online-deployment", { text, files, checkScript })).toEqual([
      "src/score.py:1: not Python: invalid syntax (Correct it, or leave the check out with --skip-script-validation.)",
    ]);
    expect(asked).toEqual([expect.stringMatching(/\/src\/score\.py$/)]);
  });

  it("may be a conda file, whose mistakes are told with its own lines", async () => {
    const text = "name: my-env\nimage: python:3.12\nconda_file: conda/env.yml\n";
    const { document } = await read("environment", {
      text,
      files: { "conda/env.yml": "dependencies:\n  - python=3.12\n  - '{{ not ours }}'\n" },
    });
    expect(document.conda).toEqual({ dependencies: ["python=3.12", "{{ not ours }}"] });
    expect(await mistakes("environment", { text, files: { "conda/env.yml": "a: [\n" } })).toEqual([
      expect.stringContaining("conda/env.yml:2:1: not YAML: "),
    ]);
    expect(await mistakes("environment", { text, files: { "conda/env.yml": "" } })).toEqual([
      "conda/env.yml: the file is empty",
    ]);
  });

  it("may be an environment in a file, with paths and places of its own", async () => {
    const text = `${minimal}environment: file:envs/env.yml\n`;
    const environment = "image: ${IMAGE}\nconda_file: conda.yml\n";
    const files = { "envs/env.yml": environment, "envs/conda.yml": "dependencies: []\n" };
    const { document } = await read("online-deployment", { text, files, variables: { IMAGE: "a:1" } });
    expect(document.environment).toEqual({
      kind: "inline",
      environment: { image: "a:1", conda: { dependencies: [] } },
    });
    expect(
      await mistakes("online-deployment", { text, files: { "envs/env.yml": "image: 1\nimag: 2\n" } }),
    ).toEqual([
      expect.stringContaining("envs/env.yml:1:8: environment.image: expected a string, got 1"),
      expect.stringContaining("envs/env.yml:2:1: environment.imag: unknown key"),
    ]);
    expect(await mistakes("online-deployment", { text })).toEqual([
      'envs/env.yml: there is no file "envs/env.yml"',
    ]);
  });

  it("starts from the folder of the file, wherever one stands", async () => {
    const cwd = await folderWith({ "d.yml": "name: m\npath: ./\n" });
    await mkdir(join(cwd, "sub"));
    const { document } = await readDocument("model", {
      file: join(cwd, "d.yml"),
      variables: {},
      cwd: join(cwd, "sub"),
    });
    expect(document.path).toBe(cwd);
  });
});

describe("what flags set", () => {
  it("is told as the flag's mistake", async () => {
    const overrides = [{ path: "instance_count", value: "many" }];
    expect(await mistakes("online-deployment", { text: minimal, overrides })).toEqual([
      '--set instance_count: instance_count: expected a whole number from 1 to 50, got "many"',
    ]);
  });

  it("cannot lie below a reference", async () => {
    const overrides = [{ path: "model.path", value: "x" }];
    const text = `${minimal}model: azureml:m:1\n`;
    expect(await mistakes("online-deployment", { text, overrides })).toEqual([
      expect.stringContaining(
        "--set model.path: Cannot use '--set' on properties defined by reference strings",
      ),
    ]);
  });
});
