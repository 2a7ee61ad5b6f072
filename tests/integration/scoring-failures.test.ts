import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScoreFolder } from "../support/score-folder.ts";

let house: ScoreFolder;

beforeEach(async () => {
  house = await ScoreFolder.make();
});
afterEach(() => house.dispose());

describe("a script that cannot be started", () => {
  it.each([
    [
      "raises in init()",
      "def init():\n    raise ValueError('no model')\ndef run(data): pass\n",
      "init() failed: ValueError: no model (score.py:2)",
    ],
    [
      "raises when it is imported",
      "import nothing_of_this_name\n",
      "No module named 'nothing_of_this_name' (score.py:1)",
    ],
    ["is not Python", "def init():\n  if:\n", "SyntaxError"],
    [
      "is indented wrongly",
      "def init():\n    if True:\n        a = 1\n      b = 2\n",
      "IndentationError: unindent does not match any outer indentation level",
    ],
    ["has no init()", "def run(data): pass\n", "does not have a init() function defined."],
    ["has no run()", "def init(): pass\n", "does not have a run() function defined."],
    [
      "takes nothing",
      "def init(): pass\ndef run(): pass\n",
      "run() needs to accept an argument for input data.",
    ],
    [
      "takes headers alone",
      "def init(): pass\ndef run(request_headers): pass\n",
      'run() needs to accept an argument other than "request_headers".',
    ],
    [
      "takes anything",
      "def init(): pass\ndef run(*args): pass\n",
      "run() cannot accept positional-only arguments, *args, or **kwargs.",
    ],
    [
      "leaves in init()",
      "import sys\ndef init(): sys.exit(4)\ndef run(data): pass\n",
      "init() failed: SystemExit: 4 (score.py:2)",
    ],
    [
      "ends its process",
      "import os\ndef init(): os._exit(5)\ndef run(data): pass\n",
      "ended its process while it was imported or in init() (exit code 5)",
    ],
    ["mixes its decorators", mixed(), "run() cannot be decorated with both @rawhttp and @input_schema"],
  ])("says so when it %s", async (_what, text, expected) => {
    await house.script(text);
    const server = await house.serve();
    await expect(server.started).rejects.toMatchObject({ code: "DEPLOYMENT_FAILED" });
    await expect(server.started).rejects.toThrow(expected);
  });

  it("shows the traceback, and what is in the model's folder", async () => {
    await house.script(
      "import os\ndef init():\n    open(os.environ['AZUREML_MODEL_DIR'] + '/x')\ndef run(data): pass\n",
    );
    await mkdir(join(house.path, "model", "inner"), { recursive: true });
    await writeFile(join(house.path, "model", "inner", "model.bin"), "");
    const server = await house.serve({ given: { modelDir: "./model" } });
    await expect(server.started).rejects.toThrow("No such file or directory: './model/x' (score.py:3)");
    await server.stop();
    expect(house.log).toContain("open(os.environ['AZUREML_MODEL_DIR'] + '/x')");
    expect(house.log).toMatch(/azmlinfsrv - model\/\n.* {5}inner\/\n.* {9}model.bin/);
  });

  it("says that a script is not there", async () => {
    const server = await house.serve();
    await expect(server.started).rejects.toThrow(
      `No such file or directory: ${join(house.path, "score.py")}`,
    );
  });

  it("says which setting is wrong", async () => {
    await house.script("def init(): pass\ndef run(data): pass\n");
    const server = await house.serve({ environment: { SCORING_TIMEOUT_MS: "abc" } });
    await expect(server.started).rejects.toThrow(
      "SCORING_TIMEOUT_MS: expected a whole number of milliseconds",
    );
  });
});

function mixed(): string {
  return `
from azureml_inference_server_http.api.aml_request import rawhttp
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
@rawhttp
@input_schema("data", StandardPythonParameterType("a"))
def run(data): pass
`;
}
