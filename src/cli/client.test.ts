import { createServer } from "node:net";
import { expect, test } from "vitest";
import { createClient, type ServerClient } from "./client.ts";
import type { ClientOptions } from "./client-options.ts";
import { type HttpStub, sendJson, startStub } from "./testing/http-stub.ts";
import { modelSnapshot, overviewOf } from "./testing/snapshots.ts";

function clientOf({ url }: Pick<HttpStub, "url">, options: Partial<ClientOptions> = {}): ServerClient {
  return createClient({ url, apiKey: undefined, timeoutMs: 5000, ...options });
}

const target = { name: "a b", version: "v/1" };

test("asks for the overview as JSON, with the key", async () => {
  const overview = overviewOf([modelSnapshot()]);
  await using stub = await startStub((_request, response) => {
    sendJson(response, 200, overview);
  });
  expect(await clientOf(stub, { apiKey: "secret" }).overview()).toEqual(overview);
  expect(stub.seen).toMatchObject([
    { method: "GET", path: "/", headers: { accept: "application/json", authorization: "Bearer secret" } },
  ]);
});

test("sends a request as it is and returns the answer as it came", async () => {
  const answer = '{"id":"x","outputs":[{"data":[9007199254740993]}]}';
  await using stub = await startStub((_request, response) => {
    response.end(answer);
  });
  expect(await clientOf(stub).infer(target, "[1.50]")).toBe(answer);
  expect(stub.seen).toMatchObject([
    { method: "POST", path: "/v2/models/a%20b/versions/v%2F1/infer", body: "[1.50]" },
  ]);
  expect(stub.seen[0]?.headers).toMatchObject({ "content-type": "application/json" });
  expect(stub.seen[0]?.headers).not.toHaveProperty("authorization");
});

test("the address of a control plane leads to the models beside it", async () => {
  await using data = await startStub((_request, response) => {
    response.end("answer");
  });
  await using control = await startStub((request, response) => {
    if (request.path === "/api") sendJson(response, 200, { name: "hostler", version: "1", url: data.url });
    else sendJson(response, 404, { error: "No such path", code: "ROUTE_NOT_FOUND" });
  });
  expect(await clientOf(control).infer(target, "{}")).toBe("answer");
  expect(data.seen).toMatchObject([
    { method: "POST", path: "/v2/models/a%20b/versions/v%2F1/infer", body: "{}" },
  ]);
});

test.each([
  [404, { error: "Model a not found" }, "MODEL_NOT_FOUND", "Model a not found"],
  [400, { error: "wrong", code: "INVALID_INPUT", hint: "fix it" }, "INVALID_INPUT", "wrong"],
  [400, { error: "wrong", code: "NO_SUCH_CODE" }, "INVALID_REQUEST", "wrong"],
  [401, {}, "UNAUTHENTICATED", "The server answered with status 401."],
  [413, {}, "PAYLOAD_TOO_LARGE", "The server answered with status 413."],
  [503, { error: "busy" }, "OVERLOADED", "busy"],
  [504, { error: "late" }, "DEADLINE_EXCEEDED", "late"],
  [500, { error: "boom" }, "MODEL_ERROR", "boom"],
])("status %i with %j", async (status, body, code, message) => {
  await using stub = await startStub((_request, response) => {
    sendJson(response, status, body);
  });
  await expect(clientOf(stub).infer(target, "{}")).rejects.toMatchObject({ code, message });
});

test("no server is one sentence", async () => {
  const url = await freeUrl();
  await expect(clientOf({ url }).overview()).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: `No server answers at ${url} (ECONNREFUSED).`,
  });
});

test("a server that does not answer is given up", async () => {
  await using stub = await startStub(() => undefined);
  await expect(clientOf(stub, { timeoutMs: 50 }).overview()).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
    message: `No answer from ${stub.url} within 0.05 s.`,
  });
});

test("another server is recognised as one", async () => {
  await using stub = await startStub((_request, response) => {
    response.end("<html>It works!</html>");
  });
  await expect(clientOf(stub).overview()).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: `What answers at ${stub.url} is not a hostler server, or not one of this version.`,
  });
});

test.each([
  ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
  ["localhost:8080", "http://localhost:8080"],
  ["https://models.example/base//", "https://models.example/base"],
])("the address %s", (typed, url) => {
  expect(clientOf({ url: typed }).url).toBe(url);
});

test.each(["ftp://a", "http://", "a b"])("%j is no address", (url) => {
  expect(() => clientOf({ url })).toThrow("is not the address of a server");
});

/** The address of a port that was free a moment ago. */
async function freeUrl(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    server.close(() => {
      resolve(`http://127.0.0.1:${String(port)}`);
    });
  });
  return await promise;
}
