import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ServingError } from "../../src/contracts/serving-error.ts";
import type { LaunchedInstance, LaunchOrder } from "../../src/core/ports/instance-launcher.ts";
import { type ContainerEngine, findContainerEngine } from "../../src/engines/container/container-engine.ts";
import { InstanceLaunchers } from "../../src/server/instances/launcher.ts";
import { connectBackend } from "../../src/server/instances/start-backends.ts";
import {
  codeAt,
  environmentOf,
  launchOrder,
  modelAt,
  routesOn,
  wanted,
} from "../../src/server/instances/testing/orders.ts";
import { systemClock } from "../../src/server/system-clock.ts";
import { Cleanup } from "../support/cleanup.ts";
import { canHaveEngine, startEngine, type TestEngine } from "../support/container-engine.ts";
import { temporaryFolder } from "../support/folders.ts";
import { pythonInterpreter, root } from "../support/paths.ts";
import { until } from "../support/until.ts";

/** Tells what it sees around it; its port is its own. */
const server = `
import http.server, json, os, sys
def listed(folder):
    return sorted(os.path.relpath(os.path.join(path, name), folder) for path, _, names in os.walk(folder) for name in names)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        variables = dict(os.environ)
        model = variables.get("AZUREML_MODEL_DIR")
        try:
            open(os.path.join(model, "new"), "w").close()
            can_write = True
        except (OSError, TypeError):
            can_write = False
        body = json.dumps({"path": self.path, "sent": len(sent), "variables": variables, "can_write": can_write,
                           "files": listed(model) if model else None}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_POST
print("serving", file=sys.stderr, flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8003), Handler).serve_forever()
`;

const answerSchema = z.object({
  path: z.string(),
  sent: z.int(),
  can_write: z.boolean(),
  files: z.array(z.string()).nullable(),
  variables: z.record(z.string(), z.string()),
});

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const inference_config = routesOn(8003);

describe.skipIf(!canHaveEngine())("deployments in containers, on a real engine", () => {
  const cleanup = new Cleanup();
  const running: LaunchedInstance[] = [];
  let folder: string;
  let engine: TestEngine;
  let containers: ContainerEngine;
  let launchers: InstanceLaunchers;
  let lines: string[] = [];

  const log = {
    line: (_: number | null, source: string, text: string): void => {
      lines.push(`${source}: ${text}`);
    },
  };

  beforeAll(async () => {
    engine = await startEngine();
    cleanup.add(engine.stop);
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    await mkdir(join(folder, "image"), { recursive: true });
    await mkdir(join(folder, "models", "line"), { recursive: true });
    await writeFile(join(folder, "models", "line", "weights"), "");
    await mkdir(join(folder, "code"));
    await writeFile(join(folder, "code", "score.py"), "def init(): pass\ndef run(data): return data\n");
    await writeFile(join(folder, "image", "server.py"), server);
    const dockerfile = `FROM ${engine.baseImage}\nCOPY server.py /\nCMD ["python3", "/server.py"]\n`;
    await writeFile(join(folder, "image", "Dockerfile"), dockerfile);
    const search = await findContainerEngine({ DOCKER_HOST: engine.host });
    if (search.kind === "none") throw new Error(search.looked.join());
    containers = search.engine;
    cleanup.add(() => containers.stop());
    launchers = newLaunchers();
    cleanup.add(() => launchers.stop());
  }, 900_000);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop(0)));
    lines = [];
  });

  afterAll(() => cleanup.run());

  function newLaunchers(): InstanceLaunchers {
    return new InstanceLaunchers({
      stateFolder: join(folder, "state"),
      interpreter: pythonInterpreter(),
      variables: { ...process.env, DOCKER_HOST: engine.host },
      engine: "auto",
      allowsPull: false,
      clock: systemClock,
      logger: silent,
      startScoring: () => Promise.reject(new Error("A container needs no worker.")),
      connect: connectBackend,
    });
  }

  async function launch(order: LaunchOrder): Promise<LaunchedInstance> {
    const prepared = await launchers.prepare(order, log);
    expect(prepared.engine).toBe("container");
    const instance = await prepared.launch(0, wanted);
    running.push(instance);
    return instance;
  }

  function answerOf(instance: LaunchedInstance, target = "/score"): Promise<z.infer<typeof answerSchema>> {
    return until("an answer", async () => {
      const request = { method: "PUT", target, headers: ["content-length", "3"], body: Buffer.from("abc") };
      const outcome = await instance.backend.call(request).outcome;
      if (outcome.kind !== "answered" || !(outcome.body instanceof Uint8Array)) return undefined;
      return answerSchema.parse(JSON.parse(Buffer.from(outcome.body).toString()));
    });
  }

  const built = (): object => ({ build: { path: join(folder, "image") }, inference_config });

  test("a build context is built once, and its server answers with model and code mounted", async () => {
    const order = launchOrder({
      script: "score.py",
      code: codeAt(join(folder, "code")),
      model: modelAt(join(folder, "models", "line")),
      environment: environmentOf(built()),
      spec: {
        environment_variables: { COLOUR: "green" },
        resources: { limits: { memory: "256Mi", cpu: "500m" } },
      },
    });
    const instance = await launch(order);
    const answer = await answerOf(instance, "/score/a:b?x=%2F");
    expect(answer).toMatchObject({
      path: "/score/a:b?x=%2F",
      sent: 3,
      can_write: false,
      files: ["line/weights"],
    });
    expect(answer.variables).toMatchObject({
      AZUREML_MODEL_DIR: "/var/azureml-app/azureml-models/model/1",
      AML_APP_ROOT: "/var/azureml-app/code",
      AZUREML_ENTRY_SCRIPT: "score.py",
      COLOUR: "green",
    });
    await until("its log", () => lines.find((line) => line === "stderr: serving"));
    expect(lines.some((line) => line.includes("COPY server.py"))).toBe(true);
    lines = [];
    await launch(order);
    expect(lines.filter((line) => line.includes("COPY"))).toEqual([]);
  });

  test("an image that a registry would have is taken from this machine under its name", async () => {
    const tag = "local.azurecr.io/samples/own:1";
    await containers.build(
      { context: join(folder, "image"), dockerfile: "Dockerfile", tag, pull: false },
      () => undefined,
    );
    const model = modelAt(join(folder, "models", "line"), { is_anonymous: true });
    const instance = await launch(
      launchOrder({
        spec: { model_mount_path: "/models" },
        model,
        environment: environmentOf({ image: tag, inference_config }),
      }),
    );
    const { variables, files } = await answerOf(instance);
    // Without a name of its own, the model lies at the mount path itself, as Triton wants its repository.
    expect([variables["AZUREML_MODEL_DIR"], files]).toEqual(["/models", ["line/weights"]]);
    expect(variables).not.toHaveProperty("AML_APP_ROOT");
    const probed = instance
      .probe("readiness")
      .call({ method: "GET", target: "/", headers: [], body: Buffer.alloc(0) });
    expect(await probed.outcome).toMatchObject({ kind: "answered", status: 200 });
  });

  test("a container that ends says how, and nothing of it is left", async () => {
    const environment = environmentOf(built());
    const cases = [
      [["sh", "-c", "echo out; echo err >&2; exit 3"], { reason: "exit code 3", isHopeless: false }],
      [["sh", "-c", "sh -c 'kill -KILL $$'; exit $?"], { reason: "killed by signal 9", isHopeless: false }],
      [["sh", "-c", "no-such-program"], { reason: "exit code 127", isHopeless: true }],
    ] as const;
    for (const [command, end] of cases) {
      const instance = await launch(launchOrder({ spec: { command }, environment }));
      expect(await instance.ended).toEqual(end);
    }
    expect(lines).toEqual(expect.arrayContaining(["stdout: out", "stderr: err"]));
    expect(await containers.removeLabelled("hostler.endpoint=house")).toBe(0);
  });

  test("what a run that was killed has left behind is removed, and nobody else's", async () => {
    const order = launchOrder({ environment: environmentOf(built()) });
    const instance = await launch(order);
    await answerOf(instance);
    const stranger = await containers.start({
      image: engine.baseImage,
      command: ["sleep", "1000"],
      variables: {},
      mounts: [],
      ports: [],
      labels: { "hostler.state": "another" },
      memoryBytes: null,
      cpus: null,
      onLine: () => undefined,
    });
    const next = newLaunchers();
    await next.start();
    expect(await instance.ended).toEqual({ reason: "its container was removed", isHopeless: false });
    await next.stop();
    expect(await containers.removeLabelled("hostler.state=another")).toBe(1);
    await stranger.ended;
  });

  test("an image that is not here is not pulled: its script runs as a process, or nothing does", async () => {
    const environment = environmentOf({ image: "nowhere.example/x:1", inference_config });
    await expect(launchers.prepare(launchOrder({ environment }), log)).rejects.toThrow(
      /^The image nowhere\.example\/x:1 cannot be had/,
    );
    const withScript = launchOrder({ script: "score.py", code: codeAt(join(folder, "code")), environment });
    const prepared = await launchers.prepare(withScript, log);
    expect(prepared.engine).toBe("process");
    expect(lines.join()).toContain(
      "runs as a process in a local environment: nowhere.example/x:1 cannot be had",
    );
  });

  test("an image is not built on one that would have to be pulled", async () => {
    const path = join(folder, "unbuildable");
    await mkdir(path);
    await writeFile(join(path, "Dockerfile"), "FROM nowhere.example/base:1\n");
    const environment = environmentOf({ version: "2", build: { path }, inference_config });
    const failure = ServingError.from(
      await launchers
        .prepare(launchOrder({ spec: { engine: "container" }, environment }), log)
        .catch((error: unknown) => error),
    );
    expect([failure.code, failure.message]).toEqual([
      "IMAGE_UNAVAILABLE",
      expect.stringMatching(/base image nowhere\.example\/base:1 is not on this machine/),
    ]);
    await rm(path, { recursive: true });
  });

  test("a conda file is put into its base image, as Azure does it", async () => {
    const path = join(folder, "conda-base");
    // Not the same in two runs: an engine remembers what it has built.
    const onlyInConda = `only-in-conda-${randomUUID()}`;
    await mkdir(path);
    // Stands for conda: says what it was asked for, and runs what it is given.
    const conda = `#!/bin/sh\nif [ "$1" = run ]; then exec python3 /server.py; fi\ncat "$6"\n`;
    await writeFile(join(path, "conda"), conda, { mode: 0o755 });
    await writeFile(join(path, "server.py"), server);
    const text = `FROM ${engine.baseImage}\nCOPY conda /usr/bin/conda\nCOPY server.py /\n`;
    await writeFile(join(path, "Dockerfile"), text);
    const tag = "local.example/conda-base:1";
    await containers.build({ context: path, dockerfile: "Dockerfile", tag, pull: false }, () => undefined);
    const environment = environmentOf({
      version: "3",
      image: tag,
      conda: { dependencies: [onlyInConda] },
    });
    const prepared = await launchers.prepare(launchOrder({ environment }), log);
    expect([prepared.engine, prepared.routes.scoring]).toEqual(["container", "/score"]);
    expect(lines.join()).toContain(onlyInConda);
  });

  test("a server that init() starts on port 8003, in an image that calls init()", async () => {
    const example = join(root, "examples", "azure-own-server");
    const path = join(folder, "own-server");
    await mkdir(path);
    // What the scoring server of Azure's base images does first.
    const program =
      "import os, sys; sys.path.insert(0, os.environ['AML_APP_ROOT']); import score; score.init(); os.wait()";
    const text = `FROM ${engine.baseImage}\nENV PYTHONUNBUFFERED=1\nCMD ${JSON.stringify(["python3", "-c", program])}\n`;
    await writeFile(join(path, "Dockerfile"), text);
    const tag = "local.azurecr.io/own-server:1";
    await containers.build({ context: path, dockerfile: "Dockerfile", tag, pull: false }, () => undefined);
    const instance = await launch(
      launchOrder({
        script: "score.py",
        code: codeAt(join(example, "app")),
        model: modelAt(join(example, "model")),
        environment: environmentOf({ image: tag, inference_config }),
      }),
    );
    const request = await readFile(join(example, "request.json"));
    const headers = ["content-type", "application/json", "content-length", String(request.byteLength)];
    for (const target of ["/score", "/predict"]) {
      const text_ = await until("an answer", async () => {
        const outcome = await instance.backend.call({ method: "POST", target, headers, body: request })
          .outcome;
        return outcome.kind === "answered" && outcome.body instanceof Uint8Array
          ? Buffer.from(outcome.body).toString()
          : undefined;
      });
      expect(JSON.parse(text_)).toEqual({ route: target, predictions: [1, 3, 6] });
    }
    await until("its log", () =>
      lines.find((line) => /init in process \d+, server in process \d+/.test(line)),
    );
  });
});
