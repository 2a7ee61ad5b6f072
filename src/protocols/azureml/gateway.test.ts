import { once } from "node:events";
import { request as sendRequest, type RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { HttpBackend } from "../../runtimes/upstream/http-backend.ts";
import { closedPort } from "../../runtimes/upstream/testing/servers.ts";
import { GatewayRig } from "./testing/gateway-rig.ts";
import { echo, saying } from "./testing/listeners.ts";

const rigs: GatewayRig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});

async function rigOf(options?: { readonly maxBodyBytes: number }): Promise<GatewayRig> {
  const rig = await new GatewayRig(options).start();
  rigs.push(rig);
  return rig;
}

describe("who may call an endpoint", () => {
  it.each([
    {},
    { authorization: "Bearer wrong" },
    { authorization: "Basic key" },
    { authorization: "Bearer" },
  ])("nobody without its key: %j", async (headers) => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("never"));
    const answer = await rig.ask("/endpoints/wine/score", {
      headers: { authorization: "", ...headers },
      body: "{}",
    });
    expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { code: "UNAUTHENTICATED", message: "Endpoint wine asks for one of its keys." },
    });
  });

  it("and the key stays at the gateway", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    const { status, text } = await rig.ask("/endpoints/wine/score", {
      headers: { authorization: "bearer key" },
    });
    expect(status).toBe(200);
    expect(text).not.toContain("authorization");
  });

  it("needs it for the OpenAPI document and for a preflight, too", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    for (const [path, method] of [
      ["/swagger.json", "GET"],
      ["/score", "OPTIONS"],
    ] as const) {
      const answer = await rig.ask(`/endpoints/wine${path}`, { method, headers: { authorization: "" } });
      expect(answer.status).toBe(401);
    }
  });

  it("learns that an endpoint is not there", async () => {
    const rig = await rigOf();
    const answer = await rig.ask("/endpoints/beer/score");
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { code: "ENDPOINT_NOT_FOUND", got: "beer" },
    });
  });
});

describe("which deployment answers", () => {
  it("the weights decide, exactly over any 100 calls", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("blue"));
    await rig.deploy("green", saying("green"));
    rig.endpoint.setTraffic({ blue: 80, green: 20 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => rig.ask("/endpoints/wine/score")));
    expect(answers.filter(({ text }) => text === "green")).toHaveLength(20);
    for (const { text, headers } of answers) {
      expect(headers).toMatchObject({ "azureml-model-deployment": text, "azureml-model-session": text });
    }
  });

  it("the caller may say it, also without traffic", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("blue"));
    await rig.deploy("green", saying("green"));
    const pinned = await rig.ask("/endpoints/wine/score", {
      headers: { "azureml-model-deployment": "green" },
    });
    expect(pinned.text).toBe("green");
    const shouted = await rig.ask("/endpoints/Wine/score", {
      headers: { "azureml-model-deployment": "GREEN" },
    });
    expect(shouted.text).toBe("green");
    const unknown = await rig.ask("/endpoints/wine/score", {
      headers: { "azureml-model-deployment": "red" },
    });
    expect(unknown.status).toBe(404);
  });

  it("none where none has traffic, and a hint", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("blue"));
    rig.endpoint.setTraffic({});
    const answer = await rig.ask("/endpoints/wine/score");
    expect(answer.status).toBe(404);
    expect(answer.text).toContain("--traffic");
  });

  it("another instance, where one cannot be reached", async () => {
    const rig = await rigOf();
    rig.deployBackend("blue", new HttpBackend(await closedPort()));
    await rig.deploy("blue", echo);
    const bodies = ["small", "x".repeat(2_000_000)];
    for (const body of [...bodies, ...bodies]) {
      const answer = await rig.ask("/endpoints/wine/score", { body });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({ body });
    }
  });
});

describe("what an instance gets", () => {
  it.each([
    ["/score", "/score", "/score"],
    ["/score?a=%20b", "/score", "/score?a=%20b"],
    ["/score", "/v1/models/half%2Fplus:predict", "/v1/models/half%2Fplus:predict"],
    ["/score?x=1", "/v1/models/m:predict", "/v1/models/m:predict?x=1"],
    ["/v1/models/m:predict", "/v1/models/m:predict", "/v1/models/m:predict"],
    ["/v2/models/m/infer", "/", "/v2/models/m/infer"],
    ["/score/v2/health/ready", "/", "/v2/health/ready"],
    ["/scores", "/predict", "/scores"],
    ["/swagger.json?version=3", "/score", "/swagger.json?version=3"],
    ["/a//b/./c%2f", "/score", "/a//b/./c%2f"],
    ["", "/score", "/"],
    ["/", "/score", "/"],
  ])("for %s with the scoring route %s is %s", async (path, scoring, target) => {
    const rig = await rigOf();
    await rig.deploy("blue", echo, { routes: { liveness: "/", readiness: "/", scoring } });
    const { text } = await rig.ask(`/endpoints/wine${path}`);
    expect(JSON.parse(text)).toMatchObject({ url: target });
  });

  it("is on the route of the very instance, also while two revisions have different ones", async () => {
    const rig = await rigOf();
    const seen: string[] = [];
    const instance = (word: string): RequestListener => {
      return ({ url }, response) => {
        seen.push(`${word} ${url ?? ""}`);
        response.end();
      };
    };
    const routes = { liveness: "/", readiness: "/" };
    await rig.deploy("blue", instance("old"), { routes: { ...routes, scoring: "/v1" } });
    await rig.deploy("blue", instance("new"), { routes: { ...routes, scoring: "/v2" } });
    for (let call = 0; call < 4; call += 1) await rig.ask("/endpoints/wine/score");
    expect(new Set(seen)).toEqual(new Set(["old /v1", "new /v2"]));
  });

  it.each(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])("may be a %s", async (method) => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    const { text } = await rig.ask("/endpoints/wine/anything", { method });
    expect(JSON.parse(text)).toMatchObject({ method, url: "/anything" });
  });

  it("has a GUID, the caller's own if that is one, and what the caller calls it", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    const guid = "0123abcd-0123-4abc-8def-0123456789ab";
    const given = await rig.ask("/endpoints/wine/score", {
      headers: { "x-request-id": guid, "x-ms-client-request-id": `call_${"1".repeat(60)}` },
    });
    const clientId = `call_${"1".repeat(35)}`;
    expect(JSON.parse(given.text)).toMatchObject({
      headers: { "x-request-id": guid, "x-ms-client-request-id": clientId },
    });
    expect(given.headers).toMatchObject({
      "x-request-id": guid,
      "x-ms-request-id": guid,
      "x-ms-client-request-id": clientId,
    });
    const made = await rig.ask("/endpoints/wine/score", {
      headers: { "x-request-id": "mine", "x-ms-client-request-id": "a b" },
    });
    expect(made.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.headers["x-ms-client-request-id"]).toBeUndefined();
    expect(made.text).not.toContain("x-ms-client-request-id");
  });

  it("is the body, however large, and not more than there may be", async () => {
    const rig = await rigOf({ maxBodyBytes: 3_000_000 });
    await rig.deploy("blue", echo);
    for (const body of ["", "{}", "x".repeat(3_000_000)]) {
      const { text } = await rig.ask("/endpoints/wine/score", { body });
      expect(JSON.parse(text)).toMatchObject({ body });
    }
    const announced = await rig.ask("/endpoints/wine/score", { body: "x".repeat(3_000_001) });
    expect(announced.status).toBe(413);
    const chunked = await rig.ask("/endpoints/wine/score", {
      headers: { "transfer-encoding": "chunked" },
      body: "x".repeat(4_000_000),
    });
    expect(chunked.status).toBe(413);
    expect((await rig.ask("/endpoints/wine/score", { body: "{}" })).status).toBe(200);
  });

  it("comes only after the gateway said that it may, where the caller asks", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    const request = sendRequest(`${rig.url}/endpoints/wine/score`, {
      method: "POST",
      headers: { authorization: "Bearer key", expect: "100-continue", "content-length": 2 },
    });
    request.flushHeaders();
    await once(request, "continue");
    request.end("{}");
    const { promise, resolve } = Promise.withResolvers<number>();
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    expect(await promise).toBe(200);
  });
});
