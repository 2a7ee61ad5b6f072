import { type IncomingMessage, request as send } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { HandlerItem } from "../../core/ports/handler-launcher.ts";
import { ContainerRig, type ContainerRigOptions } from "./testing/container-rig.ts";

let rig: ContainerRig | null = null;

async function started(options?: ContainerRigOptions): Promise<ContainerRig> {
  rig = await new ContainerRig(options).start();
  return rig;
}

afterEach(async () => {
  await rig?.stop();
  rig = null;
});

async function jsonOf(
  response: Promise<Response>,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { status, headers } = await response;
  expect(headers.get("content-type")).toBe("application/json");
  const body: unknown = await (await response).json();
  return { status, body };
}

const remove = { method: "DELETE" };
const post = (body: string): RequestInit => ({ method: "POST", body });

/** What the inference toolkit's own integration test asserts, in its order. */
describe("the multi-model contract", () => {
  it("pings without a model, loads, lists, gets, invokes and unloads", async () => {
    const container = await started();
    expect((await container.ask("/ping")).status).toBe(200);
    expect(await jsonOf(container.ask("/models"))).toEqual({ status: 200, body: { models: [] } });
    for (const name of ["resnet_18", "resnet_152"]) {
      expect(await jsonOf(container.load(name))).toEqual({ status: 200, body: { status: "Workers scaled" } });
    }
    const first = { modelName: "resnet_152", modelUrl: "/opt/ml/models/resnet_152/model" };
    const second = { modelName: "resnet_18", modelUrl: "/opt/ml/models/resnet_18/model" };
    expect((await jsonOf(container.ask("/models"))).body).toEqual({ models: [first, second] });
    expect(await jsonOf(container.ask("/models/resnet_18"))).toEqual({ status: 200, body: second });
    expect((await jsonOf(container.ask("/models/resnet_18/invoke", post("x")))).status).toBe(200);
    const unregistered = { status: 'Model "resnet_152" unregistered' };
    expect(await jsonOf(container.ask("/models/resnet_152", remove))).toEqual({
      status: 200,
      body: unregistered,
    });
    expect((await jsonOf(container.ask("/models"))).body).toEqual({ models: [second] });
  });

  it("has a status, a type and a message for what is not there, and for what is there already", async () => {
    const container = await started();
    await container.load("a");
    const unknown = { code: 404, type: "ModelNotFoundException", message: "Model not found: b" };
    for (const asked of [
      container.ask("/models/b"),
      container.ask("/models/b", remove),
      container.ask("/models/b/invoke", post("x")),
    ]) {
      const { status, body } = await jsonOf(asked);
      expect(status).toBe(404);
      expect(body).toMatchObject(unknown);
    }
    const nowhere = await jsonOf(container.load("c", "/nowhere"));
    expect(nowhere.body).toMatchObject({ code: 404, message: "Model not found in model store: /nowhere" });
    const again = await jsonOf(container.load("a"));
    expect(again.body).toMatchObject({
      code: 409,
      type: "ConflictStatusException",
      message: "Model a is already registered.",
    });
  });

  it("pages the list", async () => {
    const container = await started();
    for (const name of ["c", "a", "b"]) await container.load(name);
    const page = async (query: string): Promise<unknown> =>
      (await jsonOf(container.ask(`/models?${query}`))).body;
    const model = (name: string): object => ({ modelName: name, modelUrl: `/opt/ml/models/${name}/model` });
    expect(await page("limit=2")).toEqual({ models: [model("a"), model("b")], nextPageToken: "2" });
    expect(await page("limit=2&next_page_token=2")).toEqual({ models: [model("c")] });
    expect(await page("next_page_token=12")).toEqual({ models: [] });
    expect(await page("limit=abc")).toEqual({ models: [model("a"), model("b"), model("c")] });
  });

  it("recovers from a 507: unload, load again", async () => {
    const container = await started({ capacity: 1 });
    await container.load("a");
    expect((await jsonOf(container.load("b"))).status).toBe(507);
    expect((await jsonOf(container.ask("/models/b"))).status).toBe(404);
    await container.ask("/models/a", remove);
    expect((await jsonOf(container.load("b"))).status).toBe(200);
    expect(container.life).toEqual(["started a", "ended a", "started b"]);
  });

  it("unloads after the calls that are under way, and answers when the process is gone", async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<undefined>();
    const item = {
      status: 200,
      phrase: "",
      headers: [],
      contentType: "text/plain",
      body: Buffer.from("done"),
    };
    const container = await started({
      handle: async () => {
        enter(undefined);
        await held;
        return item;
      },
    });
    await container.load("a");
    const call = container.ask("/models/a/invoke", post("x"));
    await entered;
    const unloading = container.ask("/models/a", remove);
    release(undefined);
    expect(await (await call).text()).toBe("done");
    expect((await unloading).status).toBe(200);
    expect(container.life).toEqual(["started a", "ended a"]);
  });

  it("lets one of many loads at once win", async () => {
    const container = await started();
    const answers = await Promise.all(Array.from({ length: 5 }, () => container.load("a")));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409]);
    expect(container.life).toEqual(["started a"]);
  });

  it("decodes names, and passes headers and query to the handler and its headers back", async () => {
    const container = await started();
    await container.load("dir/model 1.tar.gz");
    const response = await container.ask(`/models/${encodeURIComponent("dir/model 1.tar.gz")}/invoke?q=7`, {
      method: "POST",
      headers: { "content-type": "text/csv; charset=utf-8", "X-Amzn-SageMaker-Session-Id": "NEW_SESSION" },
      body: "1,2",
    });
    expect(response.headers.get("x-amzn-sagemaker-custom-attributes")).toBe("from the handler");
    expect(await response.json()).toMatchObject({
      headers: { "x-amzn-sagemaker-session-id": "NEW_SESSION" },
      inputs: [
        ["q", "", "7"],
        ["body", "text/csv; charset=utf-8", "1,2"],
      ],
    });
  });

  it("tells a wrong load what is wrong with it", async () => {
    const container = await started();
    expect((await jsonOf(container.ask("/models", post("{")))).body).toMatchObject({ code: 400 });
    const { status, body } = await jsonOf(container.ask("/models", post('{"model_name":"a"}')));
    expect([status, body]).toMatchObject([400, { field: "url", expected: "a text", got: "nothing" }]);
  });

  it("refuses bodies over the limit", async () => {
    const container = await started();
    await container.load("a");
    expect((await container.ask("/models/a/invoke", post("x".repeat(1_000_001)))).status).toBe(413);
  });

  it.each([
    [{ headers: ["X-Bad", "two\r\nlines"] }, 'X-Bad: "two\\r\\nlines"'],
    [{ headers: ["Bad name", "x"] }, '"Bad name"'],
    [{ contentType: "text/€" }, "content-type"],
    [{ status: 101 }, "status 101"],
    [{ status: Number.POSITIVE_INFINITY }, "status Infinity"],
    [{ body: Buffer.alloc(2_000_001) }, "2000001 bytes: max_response_size is 2000000"],
  ])("names what it cannot send of an answer, and lives on: %j", async (odd, named) => {
    const plain = { status: 200, phrase: "", headers: [], contentType: null, body: Buffer.from("x") };
    const container = await started({ handle: () => ({ ...plain, ...odd }) });
    await container.load("a");
    const { status, body } = await jsonOf(container.ask("/models/a/invoke", post("x")));
    expect(status).toBe(500);
    expect(z.object({ message: z.string() }).parse(body).message).toContain(named);
    expect((await container.ask("/ping")).status).toBe(200);
  });

  it("sends what a handler says of the connection nowhere", async () => {
    const headers = ["Content-Length", "70", "Transfer-Encoding", "chunked", "X-Own", "1"];
    const body = Buffer.from("abc");
    const item = { status: 200, phrase: "fine\r\nX: y", headers, contentType: null, body };
    const container = await started({ handle: () => item });
    await container.load("a");
    const answer = await container.ask("/models/a/invoke", post("x"));
    expect([answer.headers.get("x-own"), answer.headers.get("x"), await answer.text()]).toEqual([
      "1",
      null,
      "abc",
    ]);
  });

  it("is not well while it stops", async () => {
    const container = await started();
    container.isStopping = true;
    expect((await container.ask("/ping")).status).toBe(503);
  });
});

describe("/invocations with a target model, as the SDK's local mode calls it", () => {
  const target = (name: string): RequestInit => ({
    ...post("1"),
    headers: { "X-Amzn-SageMaker-Target-Model": name },
  });

  it("loads what is called, once", async () => {
    const container = await started();
    const answers = await Promise.all([1, 2, 3].map(() => container.ask("/invocations", target("a.tar.gz"))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(container.life).toEqual(["started a.tar.gz"]);
  });

  it("lets the least recently used go where there is no room", async () => {
    const container = await started({ capacity: 2 });
    for (const name of ["a", "b", "a", "c"]) {
      expect((await container.ask("/invocations", target(name))).status).toBe(200);
    }
    expect(container.life).toEqual(["started a", "started b", "ended b", "started c"]);
  });

  it("does not unload what the platform has loaded", async () => {
    const container = await started({ capacity: 1 });
    await container.load("a");
    expect((await container.ask("/invocations", target("b"))).status).toBe(507);
  });

  it("calls a model that has made room for another one while the body came", async () => {
    const container = await started({ capacity: 1 });
    expect((await container.ask("/invocations", target("a"))).status).toBe(200);
    const slow = send(`${container.url}/invocations`, {
      method: "POST",
      headers: { "X-Amzn-SageMaker-Target-Model": "a", "content-length": "2" },
    });
    const answered = new Promise<IncomingMessage>((resolve) => slow.once("response", resolve));
    slow.write("1");
    await vi.waitFor(() => {
      expect(container.begun).toBe(2);
    });
    expect((await container.ask("/invocations", target("b"))).status).toBe(200);
    slow.end("2");
    const response = await answered;
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it("does not call a model for somebody who has left while it was loaded", async () => {
    const loaded = Promise.withResolvers<undefined>();
    let calls = 0;
    const handle = (): HandlerItem => {
      calls += 1;
      return { status: 200, phrase: "", headers: [], contentType: null, body: new Uint8Array() };
    };
    const container = await started({ handle, loaded: loaded.promise });
    const leaving = new AbortController();
    const left = container.ask("/invocations", { ...target("a"), signal: leaving.signal });
    await vi.waitFor(() => {
      expect(container.life).toEqual(["started a"]);
    });
    leaving.abort();
    await expect(left).rejects.toThrow();
    // What has left is known here before what comes after it.
    await container.ask("/ping");
    loaded.resolve(undefined);
    await vi.waitFor(() => {
      expect(container.records.map(({ code }) => code)).toContain("CANCELLED");
    });
    expect(calls).toBe(0);
  });

  it("says which header is missing", async () => {
    const container = await started();
    const { body } = await jsonOf(container.ask("/invocations", post("1")));
    expect(body).toMatchObject({ code: 400, field: "X-Amzn-SageMaker-Target-Model" });
  });
});

describe("the single-model contract", () => {
  const options = {
    ...{ minWorkers: 1, maxWorkers: 1, batchSize: 1, maxBatchDelayMs: 0, responseTimeoutMs: 1000 },
    ...{ synchronous: true, loadedAtStartup: true },
  };

  async function single(key?: string): Promise<ContainerRig> {
    const container = await started({ single: "model", ...(key === undefined ? {} : { key }) });
    expect((await container.ask("/ping")).status).toBe(503);
    const spec = {
      ...{
        name: "model",
        version: null,
        url: "/opt/ml/model",
        folder: "/opt/ml/model",
        manifest: null,
        bytes: 1,
      },
      ...{ runtime: "python", engine: null },
      runs: {
        kind: "handler",
        handler: "h",
        interpreter: "python3",
        decodesInput: false,
        variables: {},
      } as const,
    };
    await container.host.register(spec, options);
    return container;
  }

  it("is well once its model is ready, and answers invocations", async () => {
    const container = await single();
    expect((await container.ask("/ping")).status).toBe(200);
    const answer = await container.ask("/invocations", post("1,2"));
    expect(await answer.json()).toMatchObject({ inputs: [["body", "text/plain;charset=UTF-8", "1,2"]] });
    expect((await container.ask("/models")).status).toBe(404);
  });

  it("answers each message of a WebSocket with one of its kind, in order", async () => {
    const container = await single();
    const socket = new WebSocket(`${container.url.replace("http", "ws")}/invocations-bidirectional-stream`);
    socket.binaryType = "arraybuffer";
    const { promise: all, resolve } = Promise.withResolvers<undefined>();
    const said: string[] = [];
    socket.addEventListener("message", (event) => {
      const data: unknown = event.data;
      said.push(typeof data === "string" ? `text ${data}` : `${String(data instanceof ArrayBuffer)} bytes`);
      if (said.length === 3) resolve(undefined);
    });
    await new Promise((opened) => {
      socket.addEventListener("open", opened);
    });
    socket.send("one");
    socket.send(Uint8Array.of(1, 2));
    socket.send("x".repeat(70_000));
    await all;
    expect(said[0]).toContain('["body","text/plain","one"]');
    expect(said[1]).toBe("true bytes");
    expect(said[2]?.length).toBeGreaterThan(70_000);
    const closed = new Promise<CloseEvent>((done) => {
      socket.addEventListener("close", done);
    });
    socket.close();
    expect((await closed).code).toBe(1000);
  });

  it("says why it closes a WebSocket: a message too long, the server's end", async () => {
    const container = await single();
    const url = `${container.url.replace("http", "ws")}/invocations-bidirectional-stream`;
    const opened = async (): Promise<{
      readonly socket: WebSocket;
      readonly closed: Promise<CloseEvent>;
    }> => {
      const socket = new WebSocket(url);
      const closed = new Promise<CloseEvent>((done) => {
        socket.addEventListener("close", done);
      });
      await new Promise((done) => {
        socket.addEventListener("open", done);
      });
      return { socket, closed };
    };
    const { socket, closed } = await opened();
    socket.send("x".repeat(1_000_001));
    expect((await closed).code).toBe(1009);
    const other = await opened();
    const stopped = container.stop();
    expect((await other.closed).code).toBe(1001);
    await stopped;
    rig = null;
  });

  it("lets no WebSocket in without the key", async () => {
    const container = await single("secret");
    const socket = new WebSocket(`${container.url.replace("http", "ws")}/invocations-bidirectional-stream`);
    const ended = await new Promise((done) => {
      socket.addEventListener("open", () => {
        done("open");
      });
      socket.addEventListener("error", () => {
        done("refused");
      });
    });
    expect(ended).toBe("refused");
  });

  it("tells batch transforms what it takes", async () => {
    const container = await single();
    const { body } = await jsonOf(container.ask("/execution-parameters"));
    expect(body).toEqual({ MaxConcurrentTransforms: 2, BatchStrategy: "MULTI_RECORD", MaxPayloadInMB: 6 });
  });
});
