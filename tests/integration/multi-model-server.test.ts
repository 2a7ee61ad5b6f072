import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { cleanEnvironment } from "../support/hostler.ts";
import { get, postJson, send } from "../support/http.ts";
import { type RunningModelHost, startModelHost } from "../support/model-host.ts";
import { hostlerCommand, root } from "../support/paths.ts";
import { freePort } from "../support/ports.ts";
import { ProcessTree } from "../support/processes.ts";
import { run, runOrFail } from "../support/run.ts";
import { until } from "../support/until.ts";

const shim = join(root, "shims", "multi-model-server");
const echo = `import os, time
def handle(data, context):
    if data is None:
        return None
    bodies = [bytes(one["body"]).decode() for one in data]
    for body in bodies:
        if body.startswith("sleep "):
            open("begun", "w").close()
            time.sleep(float(body[6:]))
    return [f"{body} from {os.path.basename(os.getcwd())} {os.environ.get('SECRET')}" for body in bodies]
`;

let cleanup: Cleanup;
let folder: string;
let store: string;

beforeEach(async () => {
  cleanup = new Cleanup();
  const temporary = await temporaryFolder();
  cleanup.add(temporary.remove);
  folder = temporary.path;
  store = join(folder, "store");
  await mkdir(join(store, "echo"), { recursive: true });
  await writeFile(join(store, "echo", "service.py"), echo);
});
afterEach(() => cleanup.run());

async function configured(lines: readonly string[]): Promise<string> {
  const path = join(folder, "config.properties");
  const always = [
    "decode_input_request=false",
    "default_workers_per_model=1",
    "default_service_handler=service.py:handle",
  ];
  await writeFile(path, [...always, ...lines].join("\n"));
  return path;
}

const anyPorts = ["inference_address=http://127.0.0.1:0", "management_address=http://127.0.0.1:0"];

async function start(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningModelHost> {
  const host = await startModelHost({
    command: [shim, "--start", "--foreground", ...words],
    env,
    cwd: folder,
  });
  cleanup.add(async () => {
    await host.server.stop();
  });
  return host;
}

function invoke(url: string, model: string, body: string): ReturnType<typeof send> {
  return send(url, { method: "POST", path: `/predictions/${model}`, body });
}

test("models of the start are served under their names; one that cannot be loaded takes no other with it", async () => {
  await runOrFail([
    ...[hostlerCommand, "archive", "--model-name", "packed", "--model-path", join(store, "echo")],
    ...["--handler", "service.py:handle", "--export-path", store],
  ] as [string, ...string[]]);
  await mkdir(join(store, "broken"));
  await writeFile(join(store, "broken", "service.py"), "raise ValueError('no model')");
  const config = await configured([...anyPorts, "blacklist_env_vars=SECR.*"]);
  const words = ["--mms-config", config, "--model-store", store, "--models", "ALL"];
  const host = await start(words, { SECRET: "hidden" });
  expect([host.loaded.toSorted(), host.failed]).toEqual([["echo", "packed"], 1]);
  expect((await invoke(host.inferenceUrl, "echo", "hi")).body).toBe("hi from echo None");
  expect((await invoke(host.inferenceUrl, "packed", "hi")).body).toMatch(/^hi from [0-9a-f-]{36} None$/);
  expect(JSON.parse((await get(host.managementUrl, "/models")).body)).toEqual({
    models: [
      { modelName: "echo", modelUrl: "echo" },
      { modelName: "packed", modelUrl: "packed.mar" },
    ],
  });
  expect((await get(host.inferenceUrl, "/models/echo")).status).toBe(404);
  const metrics = await get(host.managementUrl, "/metrics");
  expect(metrics.body).toMatch(/^hostler_hosted_calls_total\{[^}]*model="echo"[^}]*\} 1$/m);
});

test("archives and folders are registered by their names, and only folders outlive that", async () => {
  const host = await start(["--mms-config", await configured(anyPorts), "--model-store", store]);
  await runOrFail([
    ...[hostlerCommand, "archive", "--model-name", "packed", "--model-path", join(store, "echo")],
    ...["--handler", "service.py:handle", "--export-path", store],
  ] as [string, ...string[]]);
  for (const url of ["packed.mar", "echo"]) {
    const registered = await postJson(host.managementUrl, "/models", {
      model_name: "m",
      url,
      initial_workers: 1,
    });
    expect([registered.status, registered.body]).toEqual([200, expect.stringContaining("Workers scaled")]);
    expect((await invoke(host.inferenceUrl, "m", "x")).status).toBe(200);
    expect((await send(host.managementUrl, { method: "DELETE", path: "/models/m" })).status).toBe(200);
  }
  expect(existsSync(join(store, "echo", "service.py"))).toBe(true);
});

test("both APIs share a listener where they share an address, and port and host of others need keys", async () => {
  const port = String(await freePort());
  const lines = [`inference_address=http://127.0.0.1:${port}`, `management_address=http://127.0.0.1:${port}`];
  const host = await start([
    "--mms-config",
    await configured(lines),
    "--model-store",
    store,
    "--models",
    "m=echo",
  ]);
  expect(host.managementUrl).toBe(host.inferenceUrl);
  expect((await get(host.inferenceUrl, "/models/m")).status).toBe(200);
  expect((await invoke(host.inferenceUrl, "m", "hi")).body).toContain("hi from echo");

  const open = await configured(["inference_address=http://0.0.0.0:0"]);
  const refused = await run([shim, "--start", "--foreground", "--mms-config", open], {
    env: { TMPDIR: folder },
  });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("inference_address")]);
  expect(refused.stderr).toContain("--insecure-no-auth");
});

test("with a key, probes need none and everything else does", async () => {
  const key = "a-key-that-is-long-enough";
  const words = ["--mms-config", await configured(anyPorts), "--model-store", store, "--models", "echo"];
  const host = await start(words, { HOSTLER_API_KEY: key });
  const statuses = async (headers: Readonly<Record<string, string>>): Promise<readonly number[]> => {
    const asked = [
      [host.inferenceUrl, "/ping"],
      [host.inferenceUrl, "/predictions/echo"],
      [host.managementUrl, "/models"],
      [host.managementUrl, "/metrics"],
    ] as const;
    return await Promise.all(
      asked.map(async ([url, path]) => (await send(url, { method: "GET", path, headers })).status),
    );
  };
  expect(await statuses({})).toEqual([200, 401, 401, 401]);
  expect(await statuses({ authorization: `Bearer ${key}` })).toEqual([200, 200, 200, 200]);
});

describe("other listeners", () => {
  function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      outgoing.once("response", resolve).once("error", reject).end();
    });
  }

  async function secure(url: string): Promise<{ readonly status: number; readonly body: string }> {
    const incoming = await answerOf(secureRequest(`${url}/ping`, { rejectUnauthorized: false }));
    return { status: incoming.statusCode ?? 0, body: await text(incoming) };
  }

  test("TLS with a key and a certificate, with a keystore, and with one that is made up", async () => {
    const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    await runOrFail([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...files,
    ] as [string, ...string[]]);
    await runOrFail([
      ...["openssl", "pkcs12", "-export", "-inkey", join(folder, "key.pem"), "-in", join(folder, "cert.pem")],
      ...["-out", join(folder, "store.p12"), "-passout", "pass:changeit"],
    ] as [string, ...string[]]);
    const address = ["inference_address=https://127.0.0.1:0", "management_address=http://127.0.0.1:0"];
    for (const lines of [
      ["private_key_file=key.pem", "certificate_file=cert.pem"],
      ["keystore=store.p12"],
      [],
    ]) {
      const host = await start(["--mms-config", await configured([...address, ...lines])]);
      expect(await secure(host.inferenceUrl)).toEqual({ status: 200, body: '{\n  "status": "Healthy"\n}\n' });
      await host.server.stop();
    }
  });

  test("a Unix socket, also where a killed server has left one", async () => {
    const socket = join(folder, "management.sock");
    await writeFile(socket, "");
    const config = await configured([
      "inference_address=http://127.0.0.1:0",
      `management_address=unix:${socket}`,
    ]);
    const host = await start(["--mms-config", config, "--model-store", store, "--models", "echo"]);
    const incoming = await answerOf(request({ socketPath: socket, path: "/models" }));
    expect(JSON.parse(await text(incoming))).toEqual({ models: [{ modelName: "echo", modelUrl: "echo" }] });
    await host.server.stop();
    expect(existsSync(socket)).toBe(false);
  });
});

test("SIGTERM lets a call that is under way end, and leaves no process", async () => {
  const host = await start([
    "--mms-config",
    await configured(anyPorts),
    "--model-store",
    store,
    "--models",
    "echo",
  ]);
  const slow = invoke(host.inferenceUrl, "echo", "sleep 1");
  await until("the call to be under way", () =>
    existsSync(join(store, "echo", "begun")) ? true : undefined,
  );
  const stopped = host.server.stop();
  expect((await slow).body).toBe("sleep 1 from echo None");
  expect((await stopped).code).toBe(0);
});

test("--start leaves a server behind, which --stop ends, and of which there is one", async () => {
  const tree = new ProcessTree();
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const env = { TMPDIR: temporary, ...tree.environment };
  cleanup.add(() => tree.expectNone(5000));
  cleanup.add(() => run([shim, "--stop"], { env }).then(() => undefined));
  const port = String(await freePort());
  const lines = [`inference_address=http://127.0.0.1:${port}`, `management_address=http://127.0.0.1:${port}`];
  const words = [
    "--start",
    "--mms-config",
    await configured(lines),
    "--model-store",
    store,
    "--models",
    "echo",
  ];
  // Its output outlives the command, so that nobody may wait for the end of it.
  const child = spawn(shim, words, { env: { ...cleanEnvironment(), ...env }, stdio: "ignore", cwd: folder });
  expect(await once(child, "exit")).toEqual([0, null]);
  const url = `http://127.0.0.1:${port}`;
  // It listens, and may still be loading its models.
  await until("its models", async () => ((await get(url, "/ping")).status === 200 ? true : undefined));
  const pid = Number((await readFile(join(temporary, ".model_server.pid"), "utf8")).split("\n")[0]);
  expect(tree.list().map((one) => one.pid)).toContain(pid);

  const second = await run([shim, ...words] as [string, ...string[]], { env });
  expect([second.code, second.stdout]).toEqual([
    1,
    "Model server is already running, please use multi-model-server --stop to stop MMS.\n",
  ]);
  expect((await run([shim, "--stop"], { env })).stdout).toBe("Model server stopped.\n");
  await tree.expectNone(2000);
  expect(await readdir(temporary)).toEqual([]);
});

test("--start fails where its port is taken, and leaves nothing", async () => {
  const host = await start(["--mms-config", await configured(anyPorts)]);
  const taken = await configured([`inference_address=${host.inferenceUrl}`]);
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const tree = new ProcessTree();
  const env = { TMPDIR: temporary, ...tree.environment };
  const { code, stderr } = await run([shim, "--start", "--mms-config", taken], { env });
  expect([code, stderr]).toEqual([1, expect.stringContaining("is taken by")]);
  await tree.expectNone(2000);
  expect(await readdir(temporary)).toEqual([]);
});

test("as TorchServe, models of one name have versions, and model-config.yaml says how many workers", async () => {
  for (const version of ["1.0", "2.0"]) {
    const model = join(store, `m${version}`);
    await mkdir(join(model, "MAR-INF"), { recursive: true });
    const manifest = { model: { modelName: "m", modelVersion: version, handler: "service.py:handle" } };
    await writeFile(join(model, "MAR-INF", "MANIFEST.json"), JSON.stringify(manifest));
    await writeFile(join(model, "model-config.yaml"), "minWorkers: 2\nmaxWorkers: 2\nbatchSize: 4\n");
    await writeFile(join(model, "service.py"), echo);
  }
  const host = await startModelHost({
    command: [hostlerCommand, "serve", "--profile", "torchserve", "--models", "m1.0,m2.0", store],
    env: { MMS_CONFIG_FILE: await configured([...anyPorts, "metrics_address=http://127.0.0.1:0"]) },
    cwd: folder,
  });
  cleanup.add(async () => {
    await host.server.stop();
  });
  expect((await invoke(host.inferenceUrl, "m/1.0", "hi")).body).toContain("hi from m1.0");
  expect((await invoke(host.inferenceUrl, "m/2.0", "hi")).body).toContain("hi from m2.0");
  const described: unknown = JSON.parse((await get(host.managementUrl, "/models/m/2.0")).body);
  expect(described).toMatchObject([{ modelVersion: "2.0", minWorkers: 2, maxWorkers: 2, batchSize: 4 }]);
});
