import { createServer, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { get, send } from "../support/http.ts";
import { type RunningModelHost, startModelHost } from "../support/model-host.ts";
import { hostlerCommand, root } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";

/** What the public collections of requests for Multi Model Server and TorchServe rely on. */

const shim = join(root, "shims", "multi-model-server");
const echo = `def handle(data, context):
    if data is None:
        return None
    return [bytes(one["body"]) for one in data]
`;

let cleanup: Cleanup;
let folder: string;
/** Where archives are downloaded from. */
let site: string;

beforeEach(async () => {
  cleanup = new Cleanup();
  const temporary = await temporaryFolder();
  cleanup.add(temporary.remove);
  folder = temporary.path;
  for (const name of ["store", "made", "echo"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "echo", "service.py"), echo);
  const pack = [shim.replace(/[^/]+$/, "model-archiver"), "--model-name", "echo", "--model-path"] as const;
  await runOrFail([
    ...pack,
    ...[join(folder, "echo"), "--handler", "service:handle", "--export-path", join(folder, "store")],
  ]);
  site = await served(join(folder, "store", "echo.mar"));
});
afterEach(() => cleanup.run());

/** A server that has one archive, and where. */
async function served(archive: string): Promise<string> {
  const bytes = await readFile(archive);
  const server: Server = createServer((request, response) => {
    if (request.url === "/echo.mar") response.end(bytes);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.add(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = z.custom<AddressInfo>((address) => typeof address === "object").parse(server.address());
  return `http://127.0.0.1:${String(port)}`;
}

const anyPorts = ["inference_address=http://127.0.0.1:0", "management_address=http://127.0.0.1:0"];

async function configured(lines: readonly string[]): Promise<string> {
  const path = join(folder, "config.properties");
  await writeFile(path, ["decode_input_request=false", ...lines].join("\n"));
  return path;
}

async function start(command: readonly [string, ...string[]]): Promise<RunningModelHost> {
  const host = await startModelHost({ command, cwd: folder });
  cleanup.add(async () => {
    await host.server.stop();
  });
  return host;
}

interface Row {
  readonly ask: readonly [method: string, path: string];
  readonly status: number;
  readonly says?: string;
}

/** Sends each request of a collection in turn; what each was answered with, as the rows have it. */
async function answersTo(url: string, rows: readonly Row[]): Promise<readonly Row[]> {
  const answers: Row[] = [];
  for (const { ask, says } of rows) {
    const [method, path] = ask;
    const { status, body } = await send(url, { method, path });
    answers.push({ ask, status, ...(says === undefined ? {} : { says: saidIn(body) }) });
  }
  return answers;
}

const spoken = z.object({ status: z.string().optional(), message: z.string().optional() });

function saidIn(body: string): string {
  const { status, message } = spoken.parse(JSON.parse(body));
  return status ?? message ?? "";
}

const processing = "Processing worker updates...";

test("Multi Model Server's management requests, with archives that are downloaded", async () => {
  const config = await configured([...anyPorts, `allowed_urls=${site}/.*`]);
  const { managementUrl: url } = await start([shim, "--start", "--foreground", "--mms-config", config]);
  const archive = `url=${site}/echo.mar`;
  const rows: readonly Row[] = [
    { ask: ["POST", `/models?${archive}&model_name=a`], status: 200, says: 'Model "a" registered' },
    { ask: ["GET", "/models/a"], status: 200 },
    { ask: ["PUT", "/models/a?min_worker=2"], status: 202, says: processing },
    { ask: ["PUT", "/models/a?min_worker=2&synchronous=true"], status: 200, says: "Workers scaled" },
    { ask: ["PUT", "/models/a?min_worker=2&number_gpu=1"], status: 202 },
    { ask: ["DELETE", "/models/a"], status: 200, says: 'Model "a" unregistered' },
    {
      ask: ["POST", `/models?${archive}&model_name=a&initial_workers=1&synchronous=true`],
      status: 200,
      says: "Workers scaled",
    },
    { ask: ["POST", `/models?${archive}&model_name=b&synchronous=false`], status: 200 },
    { ask: ["POST", `/models?${archive}&model_name=c&initial_workers=-1`], status: 200 },
    { ask: ["DELETE", "/models/c"], status: 200 },
    { ask: ["GET", "/models?limit=1"], status: 200 },
    { ask: ["GET", "/models?limit=1&next_page_token=1"], status: 200 },
    { ask: ["GET", "/models?next_page_token=12"], status: 200 },
    { ask: ["PUT", "/models/b?number_gpu=10"], status: 202 },
    { ask: ["PUT", "/models/b?timeout=-1"], status: 202 },
    { ask: ["PUT", "/models/b?min_worker=3&max_worker=2"], status: 400 },
    { ask: ["POST", `/models?url=${site}/none.mar&model_name=d`], status: 400 },
    {
      ask: ["POST", `/models?${archive}&model_name=d&runtime=InvalidRuntime`],
      status: 400,
      says: "Invalid RuntimeType value: InvalidRuntime",
    },
    { ask: ["GET", "/models/none"], status: 404 },
    { ask: ["DELETE", "/models/none"], status: 404 },
  ];
  expect(await answersTo(url, rows)).toEqual(rows);
});

test("what the server is started with may be downloaded, and nothing else; nobody has to say --start", async () => {
  await configured(anyPorts);
  const host = await start([shim, "--foreground", "--models", `a=${site}/echo.mar`]);
  expect([host.loaded, host.failed]).toEqual([["a"], 0]);
  const { body } = await send(host.inferenceUrl, { method: "POST", path: "/predictions/a", body: "hi" });
  expect(body).toBe("hi");
  const rows: readonly Row[] = [
    { ask: ["POST", `/models?url=${site}/other.mar`], status: 403 },
    { ask: ["POST", `/models?url=${site}/echo.mar`], status: 200, says: 'Model "echo" registered' },
  ];
  expect(await answersTo(host.managementUrl, rows)).toEqual(rows);
});

test("other origins are allowed as the configuration says, and whoever is none is answered as ever", async () => {
  const origin = "http://pages.example";
  const cors = [
    `cors_allowed_origin=${origin}`,
    "cors_allowed_methods=GET, POST",
    "cors_allowed_headers=x-a",
  ];
  const config = await configured([...anyPorts, ...cors]);
  const store = ["--model-store", join(folder, "store"), "--models", "m=echo.mar"];
  const { inferenceUrl: url } = await start([shim, "--foreground", "--mms-config", config, ...store]);
  const headers = { origin, "access-control-request-method": "POST" };
  const preflight = await send(url, { method: "OPTIONS", path: "/predictions/m", headers });
  expect([preflight.status, preflight.body, preflight.headers]).toEqual([
    204,
    "",
    expect.objectContaining({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "x-a",
    }),
  ]);
  const call = { method: "POST", path: "/predictions/m", body: "hi" };
  const answered = await send(url, { ...call, headers: { origin } });
  expect([answered.status, answered.body]).toEqual([200, "hi"]);
  expect(answered.headers["access-control-allow-origin"]).toBe(origin);
  const foreign = await send(url, { ...call, headers: { origin: "http://elsewhere.example" } });
  expect("access-control-allow-origin" in foreign.headers).toBe(false);
  expect((await send(url, { method: "OPTIONS", path: "/" })).body).toContain("Model Serving APIs");
  expect((await get(url, "/nothing")).body).toContain("ResourceNotFoundException");
});

describe("over TLS", () => {
  /** The status of a request to somebody whose certificate is not looked at. */
  async function secure(method: string, url: string, body = ""): Promise<readonly [number, string]> {
    const outgoing = secureRequest(url, { method, rejectUnauthorized: false, agent: false });
    const answer = new Promise<readonly [number, string]>((resolve, reject) => {
      outgoing.once("error", reject).once("response", (incoming) => {
        text(incoming).then((all) => {
          resolve([incoming.statusCode ?? 0, all]);
        }, reject);
      });
    });
    outgoing.end(body);
    return await answer;
  }

  test("a certificate whose key is short is served with a warning, and one that is none ends the start", async () => {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    await runOrFail([
      ...(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "2"] as const),
      ...["-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
    ]);
    const config = await configured([
      ...anyPorts.map((line) => line.replace("http:", "https:")),
      `private_key_file=${key}`,
      `certificate_file=${certificate}`,
    ]);
    const words = ["--mms-config", config, "--model-store", join(folder, "store")];
    const { server, inferenceUrl, managementUrl } = await start([shim, "--foreground", ...words]);
    expect((await secure("OPTIONS", inferenceUrl))[0]).toBe(200);
    expect((await secure("OPTIONS", managementUrl))[0]).toBe(200);
    expect((await secure("POST", `${managementUrl}/models?url=echo.mar&initial_workers=1`))[0]).toBe(200);
    expect(await secure("POST", `${inferenceUrl}/predictions/echo`, "hi")).toEqual([200, "hi"]);
    expect(server.logs.text).toContain("the certificate's key is too short to be safe");
    await server.stop();

    await writeFile(certificate, "no certificate");
    await expect(start([shim, "--foreground", ...words])).rejects.toThrow("certificate_file cannot be used");
  });
});

describe("TorchServe", () => {
  test("management of models and their versions", async () => {
    const config = await configured([
      ...anyPorts,
      "metrics_address=http://127.0.0.1:0",
      "disable_token_authorization=true",
      "enable_model_api=true",
    ]);
    const store = join(folder, "store");
    const { managementUrl: url } = await start([
      ...([hostlerCommand, "serve", "--profile", "torchserve"] as const),
      ...["--mms-config", config, "--model-store", store],
    ]);
    const archive = "/models?url=echo.mar";
    const none =
      '" Version: 1.0 registered with 0 initial workers. Use scale workers API to add workers for the model.';
    const rows: readonly Row[] = [
      { ask: ["POST", `${archive}&model_name=m`], status: 200, says: `Model "m${none}` },
      {
        ask: ["POST", `${archive}&model_name=m`],
        status: 409,
        says: "Model version 1.0 is already registered for model m",
      },
      { ask: ["POST", "/models"], status: 400, says: "Parameter url is required." },
      { ask: ["POST", "/models?url=&model_name=n"], status: 404 },
      { ask: ["GET", "/models/m/all"], status: 200 },
      { ask: ["GET", "/models/m/1.0"], status: 200 },
      { ask: ["GET", "/models/m/0.0"], status: 404 },
      { ask: ["GET", "/models?limit=&next_page_token="], status: 200 },
      { ask: ["GET", "/models?limit=1&next_page_token=-1"], status: 200 },
      { ask: ["PUT", "/models/m?min_worker=1"], status: 202, says: processing },
      {
        ask: ["PUT", "/models/m/1.0?min_worker=1&synchronous=true"],
        status: 200,
        says: "Workers scaled to 1 for model: m, version: 1.0",
      },
      { ask: ["PUT", "/models/m/0.0?min_worker=1&synchronous=true"], status: 404 },
      { ask: ["PUT", "/models/m?min_worker=nan&synchronous=nan"], status: 202 },
      { ask: ["PUT", "/models/m?max_worker=-1"], status: 400 },
      { ask: ["PUT", "/models/m/1.0/set-default"], status: 200 },
      { ask: ["PUT", "/models/m/0.0/set-default"], status: 404 },
      { ask: ["PUT", "/models/none/1.0/set-default"], status: 404 },
      { ask: ["DELETE", "/models/m/?synchronous=nan"], status: 200 },
      { ask: ["POST", `${archive}&model_name=m&initial_workers=1&startup_timeout=0`], status: 500 },
      { ask: ["POST", `${archive}&model_name=m&startup_timeout=0`], status: 200 },
      { ask: ["DELETE", "/models/m"], status: 200 },
      { ask: ["POST", `${archive}&model_name=m&handler=invalidHandler`], status: 200 },
      {
        ask: ["PUT", "/models/m?min_worker=1&synchronous=true"],
        status: 500,
        says: "Failed to start workers",
      },
      { ask: ["DELETE", "/models/m"], status: 200, says: 'Model "m" unregistered' },
    ];
    expect(await answersTo(url, rows)).toEqual(rows);
  });

  test("metrics have an address of their own, and TorchServe's names", async () => {
    const config = await configured([...anyPorts, "metrics_address=http://127.0.0.1:0"]);
    const { server, inferenceUrl } = await start([
      ...([hostlerCommand, "serve", "--profile", "torchserve", "--mms-config", config] as const),
      ...["--model-store", join(folder, "store"), "--models", "m=echo.mar"],
    ]);
    const call = { method: "POST", path: "/predictions/m", body: "hi" };
    expect((await send(inferenceUrl, call)).body).toBe("hi");
    expect((await send(inferenceUrl, { ...call, path: "/predictions/none" })).status).toBe(404);
    const listening = await server.logs.waitForMessage("listening");
    const { metrics_url: url } = z.object({ metrics_url: z.string() }).parse(listening);
    const { body } = await get(url, "/metrics");
    expect(body).toMatch(/^Requests2XX\{Level="Host",Hostname="[^"]+",\} 1\.0$/m);
    expect(body).toMatch(/^Requests4XX\{Level="Host",Hostname="[^"]+",\} 1\.0$/m);
    const labels = String.raw`\{model_name="m",model_version="default",hostname="[^"]+",\}`;
    expect(body).toMatch(new RegExp(`^ts_inference_requests_total${labels} 1\\.0$`, "m"));
    expect(body).toMatch(new RegExp(`^ts_inference_latency_microseconds${labels} [0-9.]+$`, "m"));
    expect((await send(url, { method: "OPTIONS", path: "/" })).status).toBe(200);
    expect((await get(url, "/models")).status).toBe(404);
  });
});
