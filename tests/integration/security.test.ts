import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { v2Routes } from "../../src/protocols/v2/routes.ts";
import { Cleanup } from "../support/cleanup.ts";
import { endedStart } from "../support/ended-start.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, send, type HttpReply } from "../support/http.ts";
import { errorBody, infer, inferRequest, outputData } from "../support/infer.ts";
import { addModel, repositoryOf } from "../support/models.ts";

const anyPorts = ["--port", "0", "--metrics-port", "0"];
const origin = "https://dashboard.example";
const key = "correct horse battery staple";

describe("an address that others can reach", () => {
  const cleanup = new Cleanup();
  let repository: string;

  beforeAll(async () => {
    const folder = await repositoryOf("plain");
    cleanup.add(folder.remove);
    repository = folder.path;
  });

  afterAll(() => cleanup.run());

  test.each([
    { how: "--host", args: ["--host", "0.0.0.0"], env: {} },
    { how: "--host, for IPv6", args: ["--host", "::"], env: {} },
    { how: "MLSERVER_HOST", args: [], env: { MLSERVER_HOST: "0.0.0.0" } },
    { how: "HOSTLER_HOST", args: [], env: { HOSTLER_HOST: "0.0.0.0" } },
  ])("is refused without keys, and the two ways out are named: $how", async ({ args, env }) => {
    const { code, stderr } = await endedStart([repository, ...anyPorts, ...args], env);
    expect(code).toBe(2);
    expect(stderr).toContain("can be reached from other machines");
    for (const way of ["HOSTLER_API_KEY", "--api-key-file", "--insecure-no-auth"])
      expect(stderr).toContain(way);
  });

  test("is refused out of settings.json too, with the line", async () => {
    const settings = join(repository, "settings.json");
    await writeFile(settings, '{\n  "host": "0.0.0.0"\n}\n');
    const { code, stderr } = await endedStart([repository, ...anyPorts]);
    expect([code, stderr.includes("settings.json:2")]).toEqual([2, true]);
    await writeFile(settings, '{ "host": "0.0.0.0", "insecure_no_auth": true, "insecureNoAuth": true }');
    expect((await endedStart([repository, ...anyPorts])).code).toBe(2);
    await writeFile(settings, "{}");
  });

  test("is served with --insecure-no-auth", async () => {
    const server = await startHostler({ repository, args: ["--host", "0.0.0.0", "--insecure-no-auth"] });
    try {
      const { port } = new URL(server.url);
      expect(outputData(await infer(`http://127.0.0.1:${port}`, "plain", [[4]]))).toEqual([2]);
    } finally {
      await server.stop();
    }
  });
});

describe("with keys", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await repositoryOf("plain", "line@v1");
    cleanup.add(folder.remove);
    const cors = { allow_origins: [origin], allow_methods: ["POST"], allow_headers: ["authorization"] };
    await writeFile(join(folder.path, "settings.json"), JSON.stringify({ cors_settings: cors }));
    server = await startHostler({ repository: folder.path, env: { HOSTLER_API_KEY: `other, ${key}` } });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  const open = ["/v2/health/live", "/v2/health/ready"];
  const known = v2Routes.map(({ path }) => path.replace(":name", "line").replace(":version", "v1"));
  const pages = [
    "/",
    "/docs",
    "/openapi.json",
    "/v2/docs",
    "/v2/docs/dataplane.json",
    "/v2/models/line/docs",
    "/v2/models/line/docs/dataplane.json",
  ];
  const paths = [...new Set([...known, ...pages, "/nothing", "/v2/models/nothing/infer", "/v2/../docs"])];
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

  function ask(path: string, authorization?: string): Promise<HttpReply> {
    const headers = authorization === undefined ? {} : { authorization };
    return send(server.url, { method: "GET", path, headers });
  }

  test.each(paths.filter((path) => !open.includes(path)))("%s answers nobody without one", async (path) => {
    for (const method of methods) {
      const reply = await send(server.url, { method, path });
      expect([method, reply.status]).toEqual([method, 401]);
      expect(reply.headers["www-authenticate"]).toBe("Bearer");
      if (method !== "HEAD") expect(errorBody(reply).code).toBe("UNAUTHENTICATED");
    }
  });

  test("every path of the OpenAPI document is among those", async () => {
    const { body } = await ask("/openapi.json", `Bearer ${key}`);
    const { paths: documented } = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(body));
    const filled = Object.keys(documented).map((path) =>
      path.replaceAll(/\{\w*name\}/g, "line").replaceAll(/\{\w*version\}/g, "v1"),
    );
    expect(filled.length).toBeGreaterThan(10);
    expect(filled.filter((path) => !paths.includes(path))).toEqual([]);
  });

  test("health answers everybody, and tells no more than that", async () => {
    for (const path of open) {
      const { status, body } = await ask(path);
      expect([status, JSON.parse(body)]).toEqual([200, { live: true, ready: true }]);
      expect((await send(server.url, { method: "POST", path })).status).toBe(405);
    }
  });

  test("each of them opens every route", async () => {
    for (const one of [`Bearer ${key}`, "bearer other"]) {
      const reply = await send(server.url, {
        ...inferRequest("plain", [[4]]),
        headers: { authorization: one },
      });
      expect(outputData(reply)).toEqual([2]);
      expect((await ask("/v2/models/line", one)).status).toBe(200);
    }
  });

  test("a browser may ask whether it may send one, and is told what came of sending none", async () => {
    const asks = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    const path = "/v2/models/plain/infer";
    const preflight = await send(server.url, { method: "OPTIONS", path, headers: asks });
    expect([preflight.status, preflight.headers["access-control-allow-headers"]]).toEqual([
      204,
      "authorization",
    ]);
    const refused = await send(server.url, inferRequest("plain", [[4]], { headers: { origin } }));
    expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([401, origin]);
  });

  test("a wrong one, half of one, or one in another place opens none", async () => {
    const wrong = [
      "Bearer wrong",
      "Bearer ",
      "Bearer",
      key,
      `Basic ${key}`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key}x`,
    ];
    for (const one of wrong) expect([one, (await ask("/v2", one)).status]).toEqual([one, 401]);
    expect((await get(server.url, `/v2?key=${encodeURIComponent(key)}`)).status).toBe(401);
  });

  test("who sends much without one is told so, too", async () => {
    const reply = await send(server.url, {
      ...inferRequest("plain", [[4]]),
      body: Buffer.alloc(20_000_000, " "),
    });
    expect([reply.status, errorBody(reply).code]).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("the metrics ask for one, too", async () => {
    const { pathname, origin } = new URL(server.metricsUrl);
    expect((await get(origin, pathname)).status).toBe(401);
    const headers = { authorization: `Bearer ${key}` };
    expect((await send(origin, { method: "GET", path: pathname, headers })).status).toBe(200);
  });

  test("no key is ever written to the log", () => {
    expect(server.logs.text).not.toContain(key);
  });
});

describe("a model file outside the served folder", () => {
  const cleanup = new Cleanup();
  let outside: string;
  let repository: string;

  beforeAll(async () => {
    const [other, folder] = [await repositoryOf("line@v1"), await repositoryOf("plain")];
    cleanup.add(other.remove);
    cleanup.add(folder.remove);
    outside = join(other.path, "line@v1");
    repository = folder.path;
    for (const [name, uri] of [
      ["absolute", join(outside, "model.joblib")],
      ["upwards", join("..", "..", outside.split("/").slice(-2).join("/"), "model.joblib")],
      ["url", `file://${join(outside, "model.joblib")}`],
      ["link", undefined],
      ["folder-link", "./weights"],
    ] as const) {
      await addModel(repository, "plain", name);
      const settings = { name, implementation: "mlserver_sklearn.SKLearnModel", parameters: { uri } };
      await writeFile(join(repository, name, "model-settings.json"), JSON.stringify(settings));
    }
    await rm(join(repository, "link", "model.joblib"));
    await symlink(join(outside, "model.joblib"), join(repository, "link", "model.joblib"));
    await symlink(outside, join(repository, "folder-link", "weights"));
  });

  afterAll(() => cleanup.run());

  test("is not loaded, by whatever way the settings lead there, and the rest is served", async () => {
    const server = await startHostler({ repository });
    try {
      for (const name of ["absolute", "upwards", "url", "link", "folder-link"]) {
        expect([name, (await infer(server.url, name, [[1]])).status]).toEqual([name, 404]);
        const reply = await send(server.url, { method: "POST", path: `/v2/repository/models/${name}/load` });
        expect([name, reply.status, errorBody(reply).error]).toEqual([
          name,
          400,
          expect.stringContaining("outside the served folder") as string,
        ]);
        expect(errorBody(reply).hint).toContain("--trust");
      }
      expect(outputData(await infer(server.url, "plain", [[1]]))).toEqual([0.5]);
    } finally {
      await server.stop();
    }
  });

  test("is loaded from a folder that --trust names", async () => {
    const server = await startHostler({ repository, args: ["--trust", outside] });
    try {
      for (const name of ["absolute", "upwards", "url", "link", "folder-link"])
        expect([name, outputData(await infer(server.url, name, [[7]]))]).toEqual([name, [7]]);
    } finally {
      await server.stop();
    }
  });
});
