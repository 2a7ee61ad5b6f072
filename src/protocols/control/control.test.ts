import type { FastifyInstance, InjectOptions } from "fastify";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { controlRoutes } from "../../contracts/control/routes.ts";
import { PlaneRig } from "../../endpoints/testing/plane-rig.ts";
import { createApp } from "../../server/http-app.ts";
import { type ControlContext, registerControl } from "./index.ts";

let rig: PlaneRig;
let app: FastifyInstance;

function appWith(fields: Partial<ControlContext> = {}): FastifyInstance {
  const made = createApp();
  registerControl(made, {
    ...rig.plane,
    host: "127.0.0.1",
    adminKeySha256: null,
    about: () => ({ name: "hostler", version: "1.2.3", url: "u", controlUrl: "c", tlsUrl: "t" }),
    ...fields,
  });
  return made;
}

beforeEach(async () => {
  rig = await PlaneRig.open();
  app = appWith();
});
afterEach(async () => {
  await app.close();
  await rig.close();
});

type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(method: Method, url: string, { body, headers = {} }: Asked = {}) {
  const request: InjectOptions = { method, url, headers: { host: "127.0.0.1:8801", ...headers } };
  if (body !== undefined) {
    request.payload = JSON.stringify(body);
    request.headers = { "content-type": "application/json", ...request.headers };
  }
  const reply = await app.inject(request);
  const isJson = reply.headers["content-type"] === "application/json";
  return {
    status: reply.statusCode,
    headers: reply.headers,
    body: isJson ? reply.json<unknown>() : reply.body,
  };
}

const json = (status: number, body: unknown) =>
  expect.objectContaining({ status, body: expect.objectContaining(body) as unknown }) as unknown;

async function deployed(): Promise<void> {
  const path = dirname(await rig.file("m/MLmodel", "flavors: {}"));
  await ask("POST", "/api/models", { body: { name: "iris", path, type: "mlflow_model" } });
  await ask("PUT", "/api/endpoints/shop", { body: {} });
  const body = { model: { name: "iris", version: "1" } };
  await ask("PUT", "/api/endpoints/shop/deployments/blue", { body });
  await rig.clock.advance(500);
}

describe("the control API", () => {
  it("makes, shows and deletes endpoints", async () => {
    const made = await ask("PUT", "/api/endpoints/shop", {
      body: { tags: { a: "b" } },
      headers: { "if-none-match": "*" },
    });
    expect(made).toEqual(json(200, { name: "shop", tags: { a: "b" }, provisioning_state: "Succeeded" }));
    expect(await ask("PUT", "/api/endpoints/shop", { body: {}, headers: { "if-none-match": "*" } })).toEqual(
      json(409, { code: "ALREADY_EXISTS", field: "name" }),
    );
    expect((await ask("GET", "/api/endpoints")).body).toHaveLength(1);
    expect((await ask("DELETE", "/api/endpoints/shop")).status).toBe(202);
    await rig.clock.settle();
    expect(await ask("GET", "/api/endpoints/shop")).toEqual(json(404, { code: "ENDPOINT_NOT_FOUND" }));
  });

  it("takes names in any case, and keeps them in lower case", async () => {
    await ask("PUT", "/api/endpoints/Shop", { body: { name: "SHOP" } });
    expect(await ask("GET", "/api/endpoints/sHoP")).toEqual(json(200, { name: "shop" }));
    await deployed();
    const traffic = await ask("PUT", "/api/endpoints/Shop/traffic", { body: { traffic: { Blue: 100 } } });
    expect(traffic).toEqual(json(200, { traffic: { blue: 100 } }));
    expect((await ask("GET", "/api/endpoints/Shop/deployments/BLUE")).body).toMatchObject({ name: "blue" });
    expect((await ask("GET", "/api/endpoints")).body).toHaveLength(1);
  });

  it("deploys what has been registered, waits for it, measures it and shows its lines", async () => {
    await deployed();
    const url = "/api/endpoints/shop/deployments/blue";
    expect(await ask("GET", `${url}?wait=5`)).toEqual(json(200, { provisioning_state: "Succeeded" }));
    const logs = await ask("GET", `${url}/logs?lines=1`);
    expect([logs.headers["content-type"], logs.body]).toEqual([
      "text/plain; charset=utf-8",
      expect.stringContaining("revision 2 begins"),
    ]);
    const traffic = await ask("PUT", "/api/endpoints/shop/traffic", { body: { traffic: { blue: 100 } } });
    expect(traffic).toEqual(json(200, { traffic: { blue: 100 } }));
    expect((await ask("GET", "/api/endpoints/shop/metrics")).body).toMatchObject([
      { deployment: "blue", traffic: 100 },
    ]);
    expect(await ask("DELETE", url)).toEqual(json(409, { code: "CONFLICT" }));
    expect((await ask("GET", "/api/endpoints/shop/mirror")).body).toBeNull();
    expect((await ask("GET", "/api/endpoints/shop/rollout")).body).toBeNull();
  });

  it("waits no longer than it is asked to", async () => {
    await deployed();
    const url = "/api/endpoints/shop/deployments/blue";
    await ask("PUT", url, {
      body: { model: { name: "iris", version: "1" }, environment_variables: { A: "1" } },
    });
    const waiting = ask("GET", `${url}?wait=0.02`);
    await rig.clock.advance(20);
    expect(await waiting).toEqual(json(200, { provisioning_state: "Updating" }));
  });

  it("knows who asks, from the header of its own clients or from the agent", async () => {
    await ask("PUT", "/api/endpoints/shop", { body: {}, headers: { "x-hostler-actor": "hostler ml" } });
    const headers = { "user-agent": "curl/8.1 (linux)" };
    await ask("PUT", "/api/endpoints/shop", { body: { tags: { a: "b" } }, headers });
    const { body } = await ask("GET", "/api/endpoints/shop/revisions");
    expect(body).toMatchObject([{ who: "hostler ml" }, { who: "curl/8.1" }]);
    const { body: undone } = await ask("POST", "/api/endpoints/shop/undo?revision=1");
    expect(undone).toMatchObject({ tags: {}, revision: 3 });
  });

  it("shows keys, and makes them new", async () => {
    await ask("PUT", "/api/endpoints/shop", { body: {} });
    const { body: before } = await ask("POST", "/api/endpoints/shop/keys");
    const { body: after } = await ask("POST", "/api/endpoints/shop/keys/regenerate", {
      body: { key_type: "secondary" },
    });
    expect(after).toMatchObject(z.object({ primary_key: z.string() }).parse(before));
    expect(after).not.toEqual(before);
    expect(await ask("POST", "/api/endpoints/shop/token")).toEqual(json(409, { field: "auth_mode" }));
  });

  it("lists, patches and deletes assets", async () => {
    await deployed();
    expect((await ask("GET", "/api/models")).body).toMatchObject([{ name: "iris", version: "1" }]);
    expect((await ask("GET", "/api/models/iris/versions")).body).toHaveLength(1);
    const url = "/api/models/iris/versions/1";
    expect(await ask("PATCH", url, { body: { is_archived: true } })).toEqual(
      json(200, { is_archived: true }),
    );
    expect((await ask("GET", "/api/models")).body).toEqual([]);
    expect((await ask("GET", "/api/models?archived=only")).body).toHaveLength(1);
    expect(await ask("DELETE", url)).toEqual(
      json(409, { error: "The model iris:1 is used by the deployment shop/blue." }),
    );
    expect(await ask("GET", "/api/models/iris/versions/latest")).toEqual(
      json(404, { code: "ASSET_NOT_FOUND" }),
    );
    expect(await ask("GET", "/api/things")).toEqual(json(404, { code: "ROUTE_NOT_FOUND" }));
  });

  it.each<[Method, string, unknown, object]>([
    [
      "PUT",
      "shop",
      { auth_mode: "password" },
      { field: "auth_mode", expected: "key or aml_token or aad_token", got: '"password"' },
    ],
    ["PUT", "shop", { name: "desk" }, { field: "name", expected: "shop, as in the path", got: '"desk"' }],
    ["PUT", "shop", { traffic: { blue: 50 } }, { field: "traffic", got: '{"blue":50}' }],
    [
      "PUT",
      "shop",
      { traffic: { blue: "all" } },
      { field: "traffic.blue", expected: "a number", got: '"all"' },
    ],
    ["PUT", "shop", [], { field: "body", expected: "an object", got: "[]" }],
    ["PUT", "a_b", {}, { field: "name", got: "a_b" }],
    [
      "PUT",
      "shop/deployments/blue",
      { instance_count: 51 },
      { field: "instance_count", expected: "at most 50", got: "51" },
    ],
    [
      "PUT",
      "shop/deployments/blue",
      { readiness_probe: { period: 0 } },
      { field: "readiness_probe.period", expected: "at least 1" },
    ],
    [
      "PUT",
      "shop/rollout",
      { to: "blue", steps: [0] },
      { field: "steps[0]", expected: "at least 1", got: "0" },
    ],
    [
      "GET",
      "shop/deployments/blue/logs?lines=none",
      undefined,
      { field: "lines", expected: "a number", got: '"none"' },
    ],
  ])("says what is wrong with %s %s %j", async (method, path, body, expected) => {
    await ask("PUT", "/api/endpoints/shop", { body: {} });
    const asked = body === undefined ? {} : { body };
    expect(await ask(method, `/api/endpoints/${path}`, asked)).toEqual(
      json(400, { code: "INVALID_REQUEST", ...expected }),
    );
  });

  it("describes every route in a document that fits what it answers", async () => {
    const { body } = await ask("GET", "/api/openapi.json");
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(body);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = Object.values(controlRoutes).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
    );
    expect(described.sort()).toEqual(routes.sort());
    expect(JSON.stringify(paths["/api/endpoints/{endpoint}"])).toContain("aml_token");
    expect(await ask("GET", "/api")).toEqual(json(200, { name: "hostler", version: "1.2.3" }));
  });
});

describe("the guards", () => {
  const put = (headers: Readonly<Record<string, string>>) =>
    ask("PUT", "/api/endpoints/shop", { body: {}, headers });

  it.each(["localhost:8801", "127.0.0.1", "[::1]:8801", "LOCALHOST"])("know the name %s", async (host) => {
    expect((await ask("GET", "/api", { headers: { host } })).status).toBe(200);
  });

  it.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8801", "10.0.0.1"])(
    "refuse the name %j, whatever is asked",
    async (host) => {
      expect(await ask("GET", "/api", { headers: { host } })).toEqual(
        json(403, { code: "FORBIDDEN", field: "host" }),
      );
      expect((await ask("GET", "/api/openapi.json", { headers: { host } })).status).toBe(403);
      expect((await ask("GET", "/none", { headers: { host } })).status).toBe(403);
    },
  );

  it.each([
    { origin: "http://evil.example" },
    { origin: "http://127.0.0.1:9999" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("refuse a change that comes with %j, by every unsafe method", async (headers) => {
    expect(await put(headers)).toEqual(json(403, { code: "FORBIDDEN" }));
    for (const { method, path } of Object.values(controlRoutes)) {
      if (method === "GET") continue;
      expect([method, path, (await ask(method, path, { headers })).status]).toEqual([method, path, 403]);
    }
    expect((await ask("GET", "/api/endpoints")).body).toEqual([]);
  });

  it("let the own page through", async () => {
    const headers = { origin: "http://127.0.0.1:8801", "sec-fetch-site": "same-origin" };
    expect((await put(headers)).status).toBe(200);
  });

  it("take no body but JSON, which a form cannot send", async () => {
    expect(await put({ "content-type": "text/plain" })).toEqual(
      json(415, { field: "content-type", got: "text/plain" }),
    );
    expect((await put({ "content-type": "Application/JSON; charset=utf-8" })).status).toBe(200);
  });

  it("ask for the key on every route, where there is one", async () => {
    await app.close();
    app = appWith({ adminKeySha256: createHash("sha256").update("secret").digest("hex"), host: "0.0.0.0" });
    for (const { method, path } of [
      ...Object.values(controlRoutes),
      { method: "GET", path: "/api/openapi.json" } as const,
    ]) {
      const reply = await ask(method, path, { headers: { authorization: "Bearer wrong" } });
      expect([path, reply.status, reply.headers["www-authenticate"]]).toEqual([path, 401, "Bearer"]);
    }
    const headers = { authorization: "Bearer secret", host: "10.0.0.1:8801" };
    expect((await ask("GET", "/api", { headers })).status).toBe(200);
    expect((await ask("GET", "/api", { headers: { ...headers, host: "evil.example" } })).status).toBe(403);
  });

  it("do not let other machines in without a key", () => {
    expect(() => appWith({ host: "0.0.0.0" })).toThrow(
      "can be reached from other machines, and it has no key",
    );
  });
});
