import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ContainerEngine, findContainerEngine } from "../../src/engines/container/container-engine.ts";
import { Cleanup } from "../support/cleanup.ts";
import { canHaveEngine, startEngine, type TestEngine } from "../support/container-engine.ts";
import { temporaryFolder } from "../support/folders.ts";
import { cleanEnvironment } from "../support/hostler.ts";
import { get, postJson, send } from "../support/http.ts";
import { hostlerCommand, pythonInterpreter, root } from "../support/paths.ts";
import { freePort } from "../support/ports.ts";
import { ProcessTree } from "../support/processes.ts";
import { runOrFail } from "../support/run.ts";
import { until } from "../support/until.ts";

/** The entry point that the document shows, as it stands there. */
const entryPoint = `import subprocess
import sys
import shlex
import os
from retrying import retry
from subprocess import CalledProcessError
from sagemaker_inference import model_server

def _retry_if_error(exception):
    return isinstance(exception, CalledProcessError or OSError)

@retry(stop_max_delay=1000 * 50,
       retry_on_exception=_retry_if_error)
def _start_mms():
    # by default the number of workers per model is 1, but we can configure it through the
    # environment variable below if desired.
    # os.environ['SAGEMAKER_MODEL_SERVER_WORKERS'] = '2'
    model_server.start_model_server(handler_service='/home/model-server/model_handler.py:handle')

def main():
    if sys.argv[1] == 'serve':
        _start_mms()
    else:
        subprocess.check_call(shlex.split(' '.join(sys.argv[1:])))

    # prevent docker exit
    subprocess.call(['tail', '-f', '/dev/null'])

main()
`;

/** What the document's image has from a package index: enough of it for the entry point. */
const retrying = `import functools, time

def retry(stop_max_delay, retry_on_exception):
    def decorate(function):
        @functools.wraps(function)
        def retried(*args):
            began = time.monotonic()
            while True:
                try:
                    return function(*args)
                except Exception as error:
                    late = (time.monotonic() - began) * 1000 >= stop_max_delay
                    if late or not retry_on_exception(error):
                        raise
        return retried
    return decorate
`;

const example = join(root, "examples", "sagemaker-multi-model");
const standIns = join(root, "python", "src", "hostler", "handlers", "packages");
const night = "[-0.9,-0.1,-0.9,-0.1]";
const listed = z.object({ models: z.array(z.object({ modelName: z.string(), modelUrl: z.string() })) });

/** The platform's calls, in the order of the document's notebook. */
async function loadInvokeUnload(url: string, models: string): Promise<void> {
  expect(await get(url, "/ping")).toMatchObject({ status: 200 });
  expect(listed.parse(JSON.parse((await get(url, "/models")).body))).toEqual({ models: [] });
  for (const name of ["resnet_18", "resnet_152"]) {
    const order = { model_name: name, url: `${models}/${name}/model` };
    expect(await postJson(url, "/models", order)).toMatchObject({ status: 200 });
    expect(await postJson(url, "/models", order)).toMatchObject({ status: 409 });
  }
  expect(listed.parse(JSON.parse((await get(url, "/models")).body)).models).toEqual([
    { modelName: "resnet_152", modelUrl: `${models}/resnet_152/model` },
    { modelName: "resnet_18", modelUrl: `${models}/resnet_18/model` },
  ]);
  const headers = {
    "content-type": "application/x-image",
    "x-amzn-sagemaker-target-model": "resnet_18.tar.gz",
  };
  const invoke = (name: string): ReturnType<typeof send> =>
    send(url, { method: "POST", path: `/models/${name}/invoke`, headers, body: night });
  for (const name of ["resnet_18", "resnet_152"]) {
    const answer = await invoke(name);
    expect(answer.status).toBe(200);
    const labels = z.array(z.string()).parse(JSON.parse(answer.body));
    expect([labels.length, labels[0]]).toEqual([5, "night"]);
  }
  expect(await get(url, "/models/resnet_18")).toMatchObject({ status: 200 });
  const unload = { method: "DELETE", path: "/models/resnet_18" } as const;
  expect((await send(url, unload)).status).toBe(200);
  expect((await send(url, unload)).status).toBe(404);
  expect((await invoke("resnet_18")).status).toBe(404);
  expect((await invoke("resnet_152")).status).toBe(200);
  expect(await postJson(url, "/models", { model_name: "x", url: `${models}/x/model` })).toMatchObject({
    status: 404,
  });
  expect((await send(url, { ...unload, path: "/models/resnet_152" })).status).toBe(200);
}

/** Models where the platform puts them: `<name>/model/…`. */
async function makeModels(folder: string): Promise<string> {
  await runOrFail([pythonInterpreter(), "-B", join(example, "make_models.py"), join(folder, "made")]);
  for (const name of ["resnet_18", "resnet_152"]) {
    await cp(join(folder, "made", name), join(folder, "mounted", name, "model"), { recursive: true });
  }
  return join(folder, "mounted");
}

async function whenUp(url: string): Promise<void> {
  await until(
    "the server to answer",
    async () => {
      const reply = await get(url, "/ping").catch(() => undefined);
      return reply?.status === 200 ? true : undefined;
    },
    60_000,
  );
}

describe("seed 002: a container for many models, as a process", () => {
  const cleanup = new Cleanup();
  const tree = new ProcessTree();
  let folder: string;
  let models: string;
  let url: string;
  let entry: ChildProcess;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    models = await makeModels(folder);
    await cp(join(example, "container", "model_handler.py"), join(folder, "model_handler.py"));
    await writeFile(join(folder, "retrying.py"), retrying);
    await writeFile(join(folder, "dockerd-entrypoint.py"), entryPoint.replace("/home/model-server", folder));
    const port = String(await freePort());
    url = `http://127.0.0.1:${port}`;
    entry = spawn(pythonInterpreter(), ["-B", join(folder, "dockerd-entrypoint.py"), "serve"], {
      stdio: "ignore",
      env: {
        ...cleanEnvironment(),
        ...tree.environment,
        PATH: [dirname(hostlerCommand), process.env["PATH"] ?? ""].join(delimiter),
        PYTHONPATH: [standIns, folder].join(delimiter),
        SAGEMAKER_MULTI_MODEL: "true",
        SAGEMAKER_BIND_TO_PORT: port,
        SAGEMAKER_MODEL_STORE: models,
      },
    });
    cleanup.add(() => {
      tree.kill();
      return tree.expectNone(5000);
    });
    await whenUp(url);
  });

  afterAll(() => cleanup.run());

  test("the entry point starts hostler, which loads, lists, calls and unloads two models", async () => {
    await loadInvokeUnload(url, models);
  });

  test("the example's own calls", async () => {
    const printed = await runOrFail([join(example, "call.sh"), url], { env: { MODELS: models } });
    expect(printed).toContain('resnet_18: ["day","sunrise",');
    expect(printed).toContain('resnet_152: ["sunrise","day",');
    expect(printed).toContain('left: {"models":[]}');
  });

  test("SIGTERM ends the server and all of its processes, as the platform sends it", async () => {
    await postJson(url, "/models", { model_name: "m", url: `${models}/resnet_18/model` });
    entry.kill("SIGTERM");
    // The entry point itself goes on with `tail`, so that its container does not end.
    const left = await until("hostler to end", () => {
      const names = tree.list().flatMap(({ pid, name }) => (pid === entry.pid ? [] : [name]));
      return names.every((name) => name === "tail") && names.length === 1 ? names : undefined;
    });
    expect(left).toEqual(["tail"]);
  });
});

describe.skipIf(!canHaveEngine())("seed 002: the image, on a real engine", () => {
  const cleanup = new Cleanup();
  const image = "localhost/demo-sagemaker-multimodel:1";
  let folder: string;
  let models: string;
  let engine: TestEngine;
  let containers: ContainerEngine;

  beforeAll(async () => {
    engine = await startEngine();
    cleanup.add(engine.stop);
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    models = await makeModels(folder);
    const search = await findContainerEngine({ DOCKER_HOST: engine.host });
    if (search.kind === "none") throw new Error(search.looked.join());
    containers = search.engine;
    cleanup.add(() => containers.stop());
    await buildImage();
  }, 900_000);

  afterAll(() => cleanup.run());

  /** The example's image, with the entry point of the document. */
  async function buildImage(): Promise<void> {
    const own = join(folder, "example");
    await cp(example, own, { recursive: true });
    await runOrFail([join(own, "build.sh")], { env: { BUILDER: "none", HOSTLER: hostlerCommand } });
    const context = join(own, "container");
    await writeFile(join(context, "dockerd-entrypoint.py"), entryPoint);
    await mkdir(join(context, "hostler", "python", "src", "hostler", "handlers", "packages"), {
      recursive: true,
    });
    await writeFile(
      join(context, "hostler", "python", "src", "hostler", "handlers", "packages", "retrying.py"),
      retrying,
    );
    await build(image, context);
  }

  async function build(tag: string, context: string): Promise<void> {
    const lines: string[] = [];
    const order = { context, dockerfile: "Dockerfile", tag, pull: false };
    await containers
      .build({ ...order, buildArguments: { BASE_IMAGE: engine.baseImage } }, (line) => lines.push(line))
      .catch((error: unknown) => {
        throw new Error(lines.join("\n"), { cause: error });
      });
  }

  test("the container loads, lists, calls and unloads two models", { timeout: 300_000 }, async () => {
    const lines: string[] = [];
    const container = await containers.start({
      image,
      command: null,
      arguments: ["serve"],
      variables: { SAGEMAKER_MULTI_MODEL: "true", SAGEMAKER_SAFE_PORT_RANGE: "8200-8210" },
      mounts: [{ source: models, target: "/opt/ml/models" }],
      ports: [8080],
      labels: {},
      memoryBytes: null,
      cpus: null,
      onLine: (_, text) => lines.push(text),
    });
    try {
      const url = `http://127.0.0.1:${String(container.hostPort(8080))}`;
      await whenUp(url).catch((error: unknown) => {
        throw new Error(lines.join("\n"), { cause: error });
      });
      await loadInvokeUnload(url, "/opt/ml/models");
    } finally {
      await container.stop(0);
    }
  });

  test("a pipeline of two containers: one reads CSV, the next names what it sees", {
    timeout: 300_000,
  }, async () => {
    const context = join(folder, "features");
    await mkdir(context);
    await writeFile(
      join(context, "model_handler.py"),
      `import json
def handle(data, context):
    if data is None:
        return None
    context.set_response_content_type(0, "application/json")
    return [json.dumps([float(cell) for cell in bytes(one["body"]).decode().split(",")]) for one in data]
`,
    );
    const text = `FROM ${image}\nCOPY model_handler.py /home/model-server/model_handler.py\n`;
    await writeFile(join(context, "Dockerfile"), text);
    await build("localhost/demo-features:1", context);
    const stages = ["features=localhost/demo-features:1", `model=${image}`] as const;
    const folders = [
      "--model",
      `features=${context}`,
      "--model",
      `model=${join(models, "resnet_18", "model")}`,
    ];
    const port = String(await freePort());
    const tree = new ProcessTree();
    const pipeline = spawn(hostlerCommand, ["pipeline", ...stages, ...folders, "--port", port], {
      env: { ...cleanEnvironment(), ...tree.environment, DOCKER_HOST: engine.host },
      stdio: "ignore",
    });
    const ended = once(pipeline, "exit");
    cleanup.add(() => {
      tree.kill();
      return tree.expectNone(5000);
    });
    const url = `http://127.0.0.1:${port}`;
    await whenUp(url);
    const headers = { "content-type": "text/csv" };
    const answer = await send(url, {
      method: "POST",
      path: "/invocations",
      headers,
      body: "-0.9,-0.1,-0.9,-0.1",
    });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, expect.arrayContaining(["night"])]);
    pipeline.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
