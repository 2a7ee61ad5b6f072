import { once } from "node:events";
import { request as sendRequest } from "node:http";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { FakeBackend } from "../../core/testing/fake-backend.ts";
import { GatewayRig } from "./testing/gateway-rig.ts";
import { echo, saying } from "./testing/listeners.ts";

const rigs: GatewayRig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});

async function rigOf(): Promise<GatewayRig> {
  const rig = await new GatewayRig().start();
  rigs.push(rig);
  return rig;
}

describe("what the caller gets", () => {
  it.each([201, 204, 302, 400, 500, 503])("in place of a %d of the model, as on Azure", async (status) => {
    const rig = await rigOf();
    await rig.deploy("blue", saying(status === 204 ? "" : "why", status));
    const answer = await rig.ask("/endpoints/wine/score");
    expect(answer).toMatchObject({
      status: 424,
      text: status === 204 ? "" : "why",
      headers: {
        "ms-azureml-model-error-statuscode": String(status),
        "ms-azureml-model-error-reason": "model_error",
        "azureml-model-deployment": "blue",
      },
    });
    rig.endpoint.setStatusMode("transparent");
    expect((await rig.ask("/endpoints/wine/score")).status).toBe(status);
  });

  it("how long the model took", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("ok"));
    const { headers } = await rig.ask("/endpoints/wine/score");
    expect(headers["ms-azureml-model-time"]).toMatch(/^\d+$/);
    expect(headers["ms-azureml-model-error-reason"]).toBeUndefined();
  });

  it("for HEAD the length without the bytes", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", (_request, response) => {
      response.setHeader("content-length", 7);
      response.end();
    });
    const { status, headers } = await rig.ask("/endpoints/wine/score", { method: "HEAD" });
    expect({ status, length: headers["content-length"] }).toEqual({ status: 200, length: "7" });
  });

  it("a stream, event by event", async () => {
    const rig = await rigOf();
    const events: (() => void)[] = [];
    await rig.deploy("blue", (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      events.push(
        () => response.write("data: 1\n\n"),
        () => response.end("data: 2\n\n"),
      );
      events.shift()?.();
    });
    const request = sendRequest(`${rig.url}/endpoints/wine/stream`, {
      headers: { authorization: "Bearer key" },
    });
    const arrived = new Promise<string[]>((resolve) => {
      request.on("response", (response) => {
        const chunks: string[] = [];
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          chunks.push(chunk);
          // The second is sent only after the first was seen.
          events.shift()?.();
        });
        response.on("end", () => {
          resolve(chunks);
        });
      });
    });
    request.end();
    expect(await arrived).toEqual(["data: 1\n\n", "data: 2\n\n"]);
  });

  it("a broken connection where the instance breaks off in the middle", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", (_request, response) => {
      response.writeHead(200);
      response.write("half", () => response.destroy());
    });
    await expect(rig.ask("/endpoints/wine/score")).rejects.toThrow("aborted");
    await expect
      .poll(() => rig.pools.get("blue")?.metrics())
      .toMatchObject({ inFlight: 0, total: { errors: 1 } });
  });
});

describe("a stream that fails", () => {
  it("arrives as far as it came, and not as a whole one", async () => {
    const rig = await rigOf();
    const body = failingStream();
    const answered = { kind: "answered", status: 200, headers: [], body } as const;
    rig.deployBackend("blue", {
      address: null,
      call: () => ({ outcome: Promise.resolve(answered), cancel: () => undefined }),
    });
    const answer = await fetch(`${rig.url}/endpoints/wine/score`, {
      method: "POST",
      headers: { authorization: "Bearer key" },
    });
    const texts: string[] = [];
    const reading = answer.body?.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write: (text) => {
          texts.push(text);
        },
      }),
    );
    await expect(reading).rejects.toThrow();
    expect(texts.join("")).toBe("ab");
  });
});

async function* failingStream(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  yield await Promise.resolve(Buffer.from("b"));
  throw new Error("run() failed");
}

describe("a stream in which nothing comes any more", () => {
  async function* stalled(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    await new Promise(() => undefined);
  }

  async function rigWith(timeoutMs: number): Promise<GatewayRig> {
    const rig = await rigOf();
    const answered = { kind: "answered", status: 200, headers: [], body: stalled() } as const;
    const call = { outcome: Promise.resolve(answered), cancel: () => undefined };
    rig.deployBackend("blue", { address: null, call: () => call }, { limits: { timeoutMs } });
    return rig;
  }

  it("is ended with the deployment's time-out, and the instance is let go", async () => {
    const rig = await rigWith(200);
    await expect(rig.ask("/endpoints/wine/score")).rejects.toThrow("aborted");
    await expect.poll(() => rig.pools.get("blue")?.metrics()).toMatchObject({ inFlight: 0 });
  });

  it("holds no place once its caller has left", async () => {
    const rig = await rigWith(60_000);
    const caller = connect(Number(new URL(rig.url).port), "127.0.0.1");
    caller.write("GET /endpoints/wine/score HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key\r\n\r\n");
    await once(caller, "data");
    caller.destroy();
    await expect.poll(() => rig.pools.get("blue")?.metrics()).toMatchObject({ inFlight: 0 });
    expect(rig.records).toMatchObject([{ status: 499 }]);
  });
});

describe("an answer that comes before the request has been read", () => {
  it("lets the caller send the rest, and arrives", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", (_request, response) => {
      response.writeHead(413, { connection: "close" });
      response.end("too large");
    });
    const caller = connect(Number(new URL(rig.url).port), "127.0.0.1");
    const size = 30_000_000;
    const answer = readText(caller);
    caller.write(
      `POST /endpoints/wine/score HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key\r\ncontent-length: ${String(size)}\r\n\r\n`,
    );
    await new Promise((resolve, reject) => {
      caller.write(Buffer.alloc(size), (error) => {
        if (error instanceof Error) reject(error);
        else resolve(undefined);
      });
    });
    expect(await answer).toMatch(/^HTTP\/1\.1 424 [^]*too large/);
  });
});

describe("what the caller is told when there is no answer", () => {
  it("408 after the deployment's time-out, and the instance is let go", async () => {
    const rig = await rigOf();
    const left = Promise.withResolvers<undefined>();
    await rig.deploy(
      "blue",
      (request) => {
        request.on("close", () => {
          left.resolve(undefined);
        });
      },
      { limits: { timeoutMs: 50 } },
    );
    const answer = await rig.ask("/endpoints/wine/score", { body: "{}" });
    expect(answer).toMatchObject({
      status: 408,
      headers: { "ms-azureml-model-error-reason": "model_timeout" },
    });
    await left.promise;
    await expect
      .poll(() => rig.pools.get("blue")?.metrics())
      .toMatchObject({ inFlight: 0, total: { errors: 1 } });
  });

  it("429 with a time to come again, and nothing else, where there are too many", async () => {
    const rig = await rigOf();
    const backend = new FakeBackend();
    rig.deployBackend("blue", backend, { limits: { maxConcurrentPerInstance: 1 } });
    const calls = [rig.ask("/endpoints/wine/score"), rig.ask("/endpoints/wine/score")];
    await expect.poll(() => rig.pools.get("blue")?.metrics()).toMatchObject({ inFlight: 1, queued: 1 });
    const refused = await rig.ask("/endpoints/wine/score");
    expect(refused).toMatchObject({
      status: 429,
      text: "",
      headers: {
        "content-type": "text/plain",
        "retry-after": "1",
        "ms-azureml-model-error-reason": "too_many_pending_request",
      },
    });
    backend.answerAll({ kind: "answered", status: 200, headers: [], body: Buffer.from("ok") });
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it("424, or 503 where statuses are not mapped, while no instance is ready", async () => {
    const rig = await rigOf();
    const member = rig.deployBackend("blue", new FakeBackend(), { limits: { timeoutMs: 50 } });
    member.setReady(false);
    const answer = await rig.ask("/endpoints/wine/score");
    expect(answer).toMatchObject({
      status: 424,
      headers: {
        "ms-azureml-model-error-reason": "model_not_ready",
        "ms-azureml-model-error-statuscode": "503",
        "retry-after": "1",
      },
    });
    rig.endpoint.setStatusMode("transparent");
    expect((await rig.ask("/endpoints/wine/score")).status).toBe(503);
  });

  it("424, or 502, where the instance went away in the middle", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", (request) => request.socket.destroy());
    const answer = await rig.ask("/endpoints/wine/score", { body: "{}" });
    expect(answer).toMatchObject({ status: 424, headers: { "ms-azureml-model-error-statuscode": "502" } });
    rig.endpoint.setStatusMode("transparent");
    expect((await rig.ask("/endpoints/wine/score", { body: "{}" })).status).toBe(502);
  });
});

describe("a caller that leaves", () => {
  it("takes the call with it, waiting or under way, and counts against nobody", async () => {
    const rig = await rigOf();
    const backend = new FakeBackend();
    rig.deployBackend("blue", backend, { limits: { maxConcurrentPerInstance: 1 } });
    const port = Number(new URL(rig.url).port);
    const callers = [0, 1].map(() => connect(port, "127.0.0.1"));
    for (const caller of callers) {
      caller.write(
        "POST /endpoints/wine/score HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key\r\ncontent-length: 2\r\n\r\n{}",
      );
    }
    await expect.poll(() => rig.pools.get("blue")?.metrics()).toMatchObject({ inFlight: 1, queued: 1 });
    for (const caller of callers) caller.destroy();
    await expect.poll(() => rig.pools.get("blue")?.metrics()).toMatchObject({ inFlight: 0, queued: 0 });
    expect(backend.cancelled).toBeGreaterThan(0);
    expect(rig.pools.get("blue")?.metrics().total).toMatchObject({ requests: 0, errors: 0 });
    expect(rig.records.map(({ status }) => status)).toEqual([499, 499]);
  });
});

describe("the mirror", () => {
  it("gets a copy of its share, and the answers are compared", async () => {
    const rig = await rigOf();
    const copies: string[] = [];
    await rig.deploy("blue", saying('{"a": [1.0, 2]}'));
    await rig.deploy(
      "shadow",
      (request, response) => {
        readText(request).then(
          (body) => {
            copies.push(`${request.url ?? ""} ${body}`);
            response.end(body === "7" ? '{"a":[1,3]}' : '{"a":[1,2]}');
          },
          () => response.destroy(),
        );
      },
      { routes: { liveness: "/", readiness: "/", scoring: "/predict" } },
    );
    rig.endpoint.setMirror({ shadow: 50 });
    for (let call = 0; call < 10; call += 1) {
      await rig.ask("/endpoints/wine/score", { body: String(call) });
    }
    await rig.ask("/endpoints/wine/score", {
      headers: { "azureml-model-deployment": "blue" },
      body: "pinned",
    });
    await expect
      .poll(() => rig.endpoint.comparison.summary())
      .toMatchObject({ compared: 5, agreed: 4, disagreed: 1 });
    expect(copies.toSorted()).toEqual(["/predict 1", "/predict 3", "/predict 5", "/predict 7", "/predict 9"]);
    expect(rig.pools.get("shadow")?.metrics().total.requests).toBe(5);
  });

  it("never holds up a live answer, and is dropped first", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", saying("ok"));
    const backend = new FakeBackend();
    rig.deployBackend("shadow", backend, { limits: { maxConcurrentPerInstance: 1, timeoutMs: 100_000 } });
    rig.endpoint.setMirror({ shadow: 50 });
    for (let call = 0; call < 6; call += 1) expect((await rig.ask("/endpoints/wine/score")).text).toBe("ok");
    expect(rig.endpoint.comparison.summary()).toMatchObject({ compared: 0, dropped: 2 });
    backend.answer({ kind: "failed", reason: "gone" });
    await expect.poll(() => rig.endpoint.comparison.summary()).toMatchObject({ failed: 1 });
  });
});

describe("what is told of a request", () => {
  it("is told once, whatever happens", async () => {
    const rig = await rigOf();
    await rig.deploy("blue", echo);
    await rig.ask("/endpoints/wine/score", { body: "{}" });
    await rig.ask("/endpoints/wine/score", { headers: { authorization: "" } });
    await rig.ask("/endpoints/none/score");
    expect(rig.records.map(({ protocol, status, code }) => ({ protocol, status, code }))).toEqual([
      { protocol: "azureml", status: 200, code: null },
      { protocol: "azureml", status: 401, code: "UNAUTHENTICATED" },
      { protocol: "azureml", status: 404, code: "ENDPOINT_NOT_FOUND" },
    ]);
    expect(rig.records[0]).toMatchObject({ bytesIn: 2, route: "/endpoints/:endpoint/*" });
  });
});
