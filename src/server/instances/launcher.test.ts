import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendOutcome } from "../../core/ports/backend.ts";
import type {
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../../core/ports/instance-launcher.ts";
import { PortBook } from "../../engines/process/port-book.ts";
import { systemClock } from "../system-clock.ts";
import { InstanceLaunchers } from "./launcher.ts";
import type { ScoringStart } from "./scoring-deployment.ts";
import { connectByFetch } from "./testing/fetch-backend.ts";
import { codeAt, environmentOf, launchOrder, modelAt, routesOn, wanted } from "./testing/orders.ts";

const interpreter = process.env["HOSTLER_PYTHON"] ?? "python3";
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const patience = { timeout: 45_000, interval: 20 };

/** Answers each path with what it knows of its surroundings. */
const server = `
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"path": self.path, "port": self.server.server_port, "cwd": os.getcwd(),
                           "variables": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
def serve(port):
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()
`;

/** As a user's guide tells it: init() starts another process, which listens; run() is never called. */
const score = (port: number): string => `
import subprocess, sys
def init():
    global server
    server = subprocess.Popen([sys.executable, "-c", "import server; server.serve(${String(port)})"])
    print("started", server.pid)
def run(data):
    raise NotImplementedError
`;

let folder: string;
let launchers: InstanceLaunchers;
let lines: string[];
let scoringStarts: ScoringStart[];
const ports = new PortBook();
const running: LaunchedInstance[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-launch-"));
  await mkdir(join(folder, "code"));
  await writeFile(join(folder, "code", "server.py"), server);
  lines = [];
  scoringStarts = [];
  launchers = newLaunchers();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop(0)));
  await launchers.stop();
  await rm(folder, { recursive: true });
});

function newLaunchers(): InstanceLaunchers {
  return new InstanceLaunchers({
    stateFolder: join(folder, "state"),
    interpreter,
    // No engine, whatever this machine has.
    variables: { ...process.env, DOCKER_HOST: `unix://${folder}/no.sock`, CONTAINER_HOST: "" },
    engine: "auto",
    allowsPull: false,
    clock: systemClock,
    logger: silent,
    startScoring: (start) => {
      scoringStarts.push(start);
      const { backend } = connectByFetch({ host: "127.0.0.1", port: 1 });
      const stop = (): Promise<void> => Promise.resolve();
      return Promise.resolve({ backend, processes: [1, 2], ended: new Promise(() => undefined), stop });
    },
    connect: connectByFetch,
  });
}

const log = {
  line: (ordinal: number | null, source: string, text: string): void => {
    lines.push(`${String(ordinal)} ${source}: ${text}`);
  },
};

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, "code", name), text);
}

function prepare(order: LaunchOrder): Promise<PreparedDeployment> {
  return launchers.prepare(order, log);
}

async function launch(prepared: PreparedDeployment, ordinal = 0): Promise<LaunchedInstance> {
  const instance = await prepared.launch(ordinal, wanted);
  running.push(instance);
  return instance;
}

function ask(instance: LaunchedInstance, target: string): Promise<BackendOutcome> {
  return instance.backend.call({ method: "POST", target, headers: [], body: new Uint8Array() }).outcome;
}

const answerSchema = z.object({
  path: z.string(),
  port: z.int(),
  cwd: z.string(),
  variables: z.record(z.string(), z.string()),
});

async function answerOf(
  instance: LaunchedInstance,
  target = "/score",
): Promise<z.infer<typeof answerSchema>> {
  const outcome = await vi.waitFor(async () => {
    const found = await ask(instance, target);
    expect(found.kind).toBe("answered");
    return found;
  }, patience);
  if (outcome.kind !== "answered" || !(outcome.body instanceof Uint8Array)) throw new Error("no answer");
  return answerSchema.parse(JSON.parse(Buffer.from(outcome.body).toString()));
}

async function failureOf(order: LaunchOrder): Promise<ServingError> {
  const failure: unknown = await prepare(order).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ServingError);
  return ServingError.from(failure);
}

describe("a script with a server of its own", () => {
  test("init() starts it, its routes answer on its port, and everything ends with the instance", async () => {
    const port = await ports.takeAny();
    await write("score.py", score(port));
    await mkdir(join(folder, "models", "line"), { recursive: true });
    const prepared = await prepare(
      launchOrder({
        script: "score.py",
        code: codeAt(join(folder, "code")),
        model: modelAt(join(folder, "models", "line")),
        environment: environmentOf({ image: "registry.example/own:1", inference_config: routesOn(port) }),
      }),
    );
    expect([prepared.engine, prepared.isSingle, prepared.routes.scoring]).toEqual([
      "process",
      true,
      "/score",
    ]);
    expect(lines.join()).toContain("registry.example/own:1 cannot be had (no container engine answers here)");
    const instance = await launch(prepared);
    const answer = await answerOf(instance, "/score/a:b%2Fc?x=%20");
    expect(answer).toMatchObject({ path: "/score/a:b%2Fc?x=%20", port, cwd: join(folder, "code") });
    expect(answer.variables).toMatchObject({
      AML_APP_ROOT: join(folder, "code"),
      AZUREML_ENTRY_SCRIPT: "score.py",
      AZUREML_MODEL_DIR: join(folder, "models"),
      SERVICE_NAME: "house",
    });
    expect(lines.some((line) => /^0 stdout: started \d+$/.test(line))).toBe(true);
    await instance.stop(2_000);
    expect(await ports.take(port)).toBe(false);
    ports.release(port);
    expect(await ports.take(port)).toBe(true);
  });

  test("a script without run() is one, wherever its routes lead", async () => {
    await write("score.py", "import server\nserver.serve(5001)");
    const prepared = await prepare(launchOrder({ script: "score.py", code: codeAt(join(folder, "code")) }));
    expect([prepared.parallelCalls, prepared.isSingle, scoringStarts]).toEqual([null, true, []]);
  });

  test("a port that somebody else holds is told with its holder, and what to do", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    await write("score.py", score(port));
    const prepared = await prepare(
      launchOrder({
        script: "score.py",
        code: codeAt(join(folder, "code")),
        environment: environmentOf({ inference_config: routesOn(port) }),
      }),
    );
    const failure = ServingError.from(await prepared.launch(0, wanted).catch((error: unknown) => error));
    holder.close();
    expect(failure.code).toBe("PORT_UNAVAILABLE");
    expect(failure.message).toMatch(
      new RegExp(`^Port ${String(port)} is taken by .*pid ${String(process.pid)}`),
    );
    expect(failure.details.hint).toContain("PORT");
  });

  test("an import that fails is hopeless, and its traceback is in the log", async () => {
    await write("score.py", "import no_such_module\ndef init(): pass");
    const environment = environmentOf({ inference_config: routesOn(await ports.takeAny()) });
    const prepared = await prepare(
      launchOrder({ script: "score.py", code: codeAt(join(folder, "code")), environment }),
    );
    const instance = await launch(prepared);
    expect(await instance.ended).toEqual({ reason: "exit code 79", isHopeless: true });
    expect(lines.join("\n")).toContain("No module named 'no_such_module'");
  });
});

describe("a command", () => {
  const python = "import sys; sys.path.insert(0, '.'); import os, server; server.serve(int(PORT))";

  test("with {port} runs as often as it is wanted", async () => {
    const port = await ports.takeAny();
    const command = ["python", "-u", "-c", python.replace("PORT", "sys.argv[1]"), "{port}"];
    const prepared = await prepare(
      launchOrder({
        spec: { command, instance_count: 2 },
        code: codeAt(join(folder, "code")),
        environment: environmentOf({ inference_config: routesOn(port) }),
      }),
    );
    expect(prepared.isSingle).toBe(false);
    ports.release(port);
    const both = await Promise.all([launch(prepared, 0), launch(prepared, 1)]);
    const answers = await Promise.all(both.map((one) => answerOf(one)));
    expect(new Set(answers.map((answer) => answer.port)).size).toBe(2);
    expect(answers.map((answer) => answer.port)).toContain(port);
    expect(answers.map(({ variables }) => variables["HOSTNAME"])).toEqual(["house-blue-0", "house-blue-1"]);
  });

  test("whose variable names the port is moved to a free one, and places in a container become local ones", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const taken = address !== null && typeof address === "object" ? address.port : 0;
    const variables = { LISTEN: String(taken), BASE: "/var/azureml-app/azureml-models/model/1/line" };
    const prepared = await prepare(
      launchOrder({
        spec: {
          command: ["python", "-c", python.replace("PORT", "os.environ['LISTEN']")],
          environment_variables: variables,
        },
        code: codeAt(join(folder, "code")),
        model: modelAt(join(folder, "models", "line")),
        environment: environmentOf({ inference_config: routesOn(taken) }),
      }),
    );
    const answer = await answerOf(await launch(prepared));
    holder.close();
    expect(answer.port).not.toBe(taken);
    expect(answer.variables).toMatchObject({
      LISTEN: String(answer.port),
      BASE: join(folder, "models", "line"),
    });
    expect(lines.join()).toContain(`port ${String(answer.port)} is used instead`);
  });

  test("that is no program is told at once", async () => {
    const prepared = await prepare(launchOrder({ spec: { command: ["no-such-program"] } }));
    await expect(prepared.launch(0, wanted)).rejects.toThrow(/no-such-program cannot be started/);
  });
});

describe("a scoring script with run()", () => {
  test("is started as a worker, with everything that Azure would tell it", async () => {
    await mkdir(join(folder, "code", "sub"));
    await write("sub/score.py", "def init(): pass\ndef run(data): return data");
    const prepared = await prepare(
      launchOrder({
        spec: { environment_variables: { WORKER_COUNT: "2", WORKSPACE_NAME: "mine" } },
        script: "sub/score.py",
        code: codeAt(join(folder, "code")),
        model: modelAt(join(folder, "models", "line")),
      }),
    );
    const instance = await launch(prepared, 3);
    expect(instance.where).toBe("1 2");
    expect(scoringStarts).toHaveLength(1);
    expect(scoringStarts[0]).toMatchObject({
      appRoot: join(folder, "code", "sub"),
      entryScript: "score.py",
      workers: 2,
      variables: {
        AML_APP_ROOT: join(folder, "code", "sub"),
        AZUREML_SOURCE_DIRECTORY: join(folder, "code"),
        AZUREML_MODEL_DIR: join(folder, "models"),
        HOSTNAME: "house-blue-3",
        SERVICE_PATH_PREFIX: "endpoints/house",
        WORKSPACE_NAME: "mine",
      },
    });
  });

  test("gets no model folder where there is no model", async () => {
    await write("score.py", "def run(data): return data");
    await launch(await prepare(launchOrder({ script: "score.py", code: codeAt(join(folder, "code")) })));
    expect(scoringStarts[0]?.variables).not.toHaveProperty("AZUREML_MODEL_DIR");
  });

  test("Azure's own images stand for the default Python", async () => {
    await write("score.py", "def run(data): return data");
    const environment = environmentOf({ image: "mcr.microsoft.com/azureml/minimal-py312-inference:latest" });
    const prepared = await prepare(
      launchOrder({ script: "score.py", code: codeAt(join(folder, "code")), environment }),
    );
    expect(prepared.engine).toBe("process");
    expect(lines.join()).toContain(
      "the default Python of this machine stands for mcr.microsoft.com/azureml/",
    );
  });
});

describe("what cannot run is refused, with what to do", () => {
  test("an image without script or engine names the image and both ways", async () => {
    const environment = environmentOf({
      image: "tensorflow/serving:latest",
      inference_config: routesOn(8501),
    });
    const failure = await failureOf(launchOrder({ environment }));
    expect(failure.code).toBe("IMAGE_UNAVAILABLE");
    expect(failure.message).toContain("tensorflow/serving:latest");
    expect(failure.details.hint).toMatch(/docker pull tensorflow\/serving:latest.*scoring script/);
  });

  test("a script of another language needs its image", async () => {
    await write("plumber.R", "");
    const environment = environmentOf({ image: "r/plumber:1", inference_config: routesOn(8000) });
    const order = launchOrder({ script: "plumber.R", code: codeAt(join(folder, "code")), environment });
    expect((await failureOf(order)).code).toBe("IMAGE_UNAVAILABLE");
  });

  test("engine: container says where it looked for an engine", async () => {
    const environment = environmentOf({ image: "own:1" });
    const failure = await failureOf(launchOrder({ spec: { engine: "container" }, environment }));
    expect([failure.code, failure.message]).toEqual([
      "ENGINE_UNAVAILABLE",
      expect.stringContaining(`${folder}/no.sock`),
    ]);
  });

  test("engine: container without an image", async () => {
    const failure = await failureOf(launchOrder({ spec: { engine: "container", command: ["true"] } }));
    expect([failure.code, failure.details.field]).toEqual(["IMAGE_UNAVAILABLE", "environment"]);
  });

  test("nothing at all", async () => {
    expect((await failureOf(launchOrder({}))).message).toContain("brings nothing that could run");
  });

  test("a secret that only Azure could read", async () => {
    const environment_variables = { OK: "1", TOKEN: "${{azureml://connections/c/credentials/k}}" };
    const failure = await failureOf(launchOrder({ spec: { environment_variables, command: ["true"] } }));
    expect([failure.code, failure.details.field]).toEqual([
      "INVALID_DOCUMENT",
      "environment_variables.TOKEN",
    ]);
  });

  test("a script that is no Python", async () => {
    await write("score.py", "def run(data:");
    const failure = await failureOf(launchOrder({ script: "score.py", code: codeAt(join(folder, "code")) }));
    expect([failure.code, failure.message]).toEqual([
      "DEPLOYMENT_FAILED",
      expect.stringMatching(/cannot be read: .*line 1/),
    ]);
  });
});
