import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { v2Routes } from "../../src/protocols/v2/routes.ts";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, send } from "../support/http.ts";
import { errorBody, infer, inferReply, inferRequest, outputData } from "../support/infer.ts";
import { repositoryOf } from "../support/models.ts";

describe("paths and methods", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf("plain", "line@v1", "line@v2");
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  const paths = [...new Set(v2Routes.map(({ path }) => path))];
  const real = (path: string): string => path.replace(":name", "line").replace(":version", "v1");

  test.each(paths)("%s refuses the methods that it does not have", async (path) => {
    const methods = v2Routes.filter((route) => route.path === path).map(({ method }) => method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      if (methods.some((one) => one === method)) continue;
      const reply = await send(server.url, { method, path: real(path) });
      expect([method, reply.status, reply.headers.allow]).toEqual([method, 405, methods.join(", ")]);
      expect(errorBody(reply)).toMatchObject({ code: "METHOD_NOT_ALLOWED", got: method });
    }
  });

  test.each(paths)("%s answers HEAD as GET, without a body", async (path) => {
    const hasGet = v2Routes.some((route) => route.path === path && route.method === "GET");
    const head = await send(server.url, { method: "HEAD", path: real(path) });
    expect([head.status, head.body]).toEqual([hasGet ? 200 : 405, ""]);
    if (!hasGet) return;
    const { headers } = await get(server.url, real(path));
    expect(head.headers["content-length"]).toBe(headers["content-length"]);
  });

  test("OPTIONS is refused where cross-origin requests are off", async () => {
    const reply = await send(server.url, { method: "OPTIONS", path: "/v2/models/plain/infer" });
    expect([404, 405]).toContain(reply.status);
    expect(reply.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test.each([
    "/nothing",
    "/v2/nothing",
    "/v2/models",
    "/v2/models/plain/nothing",
    "/v2/models/plain/versions",
    "/v2/repository/models/plain",
    "/../../../../etc/passwd",
    "/v2/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    `/v2/models/${"x".repeat(1000)}`,
    "/v2/models/plain%00",
    "//v2",
  ])("%s is not there, and the answer is JSON", async (path) => {
    const reply = await send(server.url, { method: "GET", path });
    expect(reply.status).toBe(404);
    expect(["ROUTE_NOT_FOUND", "MODEL_NOT_FOUND"]).toContain(errorBody(reply).code);
  });

  test("a path that cannot be decoded is the caller's mistake", async () => {
    const reply = await send(server.url, { method: "GET", path: "/v2/models/%zz" });
    expect([reply.status, errorBody(reply).code]).toEqual([400, "INVALID_REQUEST"]);
  });

  test("names may be percent-encoded, and a path may end in a slash", async () => {
    const request = inferRequest("plain", [[4]]);
    for (const path of [
      "/v2/models/%70lain/infer",
      "/v2/models/plain/infer/",
      "/v2/models/plain/infer?",
      "/v2/models/plain/generate",
    ])
      expect([path, outputData(await send(server.url, { ...request, path }))]).toEqual([path, [2]]);
  });

  test("what is no HTTP gets a 400 and an end", async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.end("this is not HTTP\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  describe("versions", () => {
    async function answeredBy(path: string): Promise<[unknown, string | undefined]> {
      const reply = inferReply(await send(server.url, { ...inferRequest("line", [[10]]), path }));
      return [reply.outputs[0]?.data[0], reply.model_version];
    }

    test("the newest answers when none is named", async () => {
      expect(await answeredBy("/v2/models/line/infer")).toEqual([20, "v2"]);
      expect(await answeredBy("/v2/models/line/infer?model_version=")).toEqual([20, "v2"]);
    });

    test("one is named in the path or in the query", async () => {
      expect(await answeredBy("/v2/models/line/versions/v1/infer")).toEqual([10, "v1"]);
      expect(await answeredBy("/v2/models/line/infer?model_version=v1")).toEqual([10, "v1"]);
      expect(await answeredBy("/v2/models/line/infer?other=1&model_version=v2")).toEqual([20, "v2"]);
    });

    test("one that is not there is not found", async () => {
      for (const path of ["/v2/models/line/versions/v9/infer", "/v2/models/line/infer?model_version=v9"]) {
        const reply = await send(server.url, { ...inferRequest("line", [[10]]), path });
        expect([reply.status, errorBody(reply)]).toMatchObject([
          404,
          { error: "Model line with version v9 not found", code: "MODEL_NOT_FOUND" },
        ]);
      }
    });

    test("a model without versions has none", async () => {
      const reply = await infer(server.url, "plain", [[1]], { version: "v1" });
      expect(reply.status).toBe(404);
      expect(inferReply(await infer(server.url, "plain", [[1]])).model_version).toBeUndefined();
    });
  });

  describe("what belongs to a request", () => {
    test("an id comes back, in the body and in the headers", async () => {
      const reply = await infer(server.url, "plain", [[1]], { id: "mine-1" });
      expect(inferReply(reply).id).toBe("mine-1");
      expect(reply.headers).toMatchObject({ "ce-id": "mine-1", "ce-requestid": "mine-1" });
    });

    test("an x-request-id comes back if it can do no harm", async () => {
      const [good, bad] = [{ "x-request-id": "trace-7" }, { "x-request-id": "a b<c>" }];
      expect((await infer(server.url, "plain", [[1]], { headers: good })).headers).toMatchObject(good);
      expect((await infer(server.url, "plain", [[1]], { headers: bad })).headers).not.toHaveProperty(
        "x-request-id",
      );
    });

    test("server-timing says where the time went", async () => {
      const { headers } = await infer(server.url, "plain", [[1]]);
      expect(headers["server-timing"]).toMatch(/^queue;dur=[\d.]+, compute;dur=[\d.]+, total;dur=[\d.]+$/);
    });
  });
});
