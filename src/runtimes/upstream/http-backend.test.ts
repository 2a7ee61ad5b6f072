import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import type { BackendAddress, BackendBody, BackendRequest } from "../../core/ports/backend.ts";
import { HttpBackend } from "./http-backend.ts";
import { answerOf, closedPort, serveHttp, serveRaw, type TestServer, textOf } from "./testing/servers.ts";

const owned: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(owned.splice(0).map((one) => one.stop()));
});

function own<One extends { stop(): Promise<void> }>(one: One): One {
  owned.push(one);
  return one;
}

function backendAt(address: BackendAddress): HttpBackend {
  return own(new HttpBackend(address));
}

async function backendOf(listener: RequestListener): Promise<HttpBackend> {
  return backendAt(own(await serveHttp(listener)).address);
}

async function rawBackend(onConnection: (socket: Socket, number: number) => void): Promise<HttpBackend> {
  let number = 0;
  const server: TestServer = await serveRaw((socket) => {
    number += 1;
    onConnection(socket, number);
  });
  return backendAt(own(server).address);
}

const empty = new Uint8Array();

function to(target: string, more: Partial<BackendRequest> = {}): BackendRequest {
  return { method: "GET", target, headers: [], body: empty, ...more };
}

async function* piecesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await Promise.resolve();
    yield Buffer.from(text);
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Answers with what it was asked. */
const mirror: RequestListener = (request, response) => {
  readAll(request).then(
    (body) => {
      const { method, url, rawHeaders } = request;
      response.end(JSON.stringify({ method, url, rawHeaders, body }));
    },
    () => response.destroy(),
  );
};

describe("a request to a server on a port", () => {
  it("arrives as it is: method, target, headers, body", async () => {
    const backend = await backendOf(mirror);
    const target = "/v1/models/half%2Fplus:predict?x=%20;&y";
    const headers = ["X-Case", "Kept", "x-twice", "1", "x-twice", "2"];
    const body = Buffer.from([0x7b, 0xc3, 0xa9, 0x7d]);
    const answer = await answerOf(backend.call({ method: "PUT", target, headers, body }));
    const seen: unknown = JSON.parse(await textOf(answer.body));
    const { port } = backend.address;
    expect(seen).toEqual({
      method: "PUT",
      url: target,
      rawHeaders: ["host", `127.0.0.1:${String(port)}`, ...headers, "content-length", "4"],
      body: "{é}",
    });
  });

  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])("may be a %s", async (method) => {
    const backend = await backendOf(mirror);
    const answer = await answerOf(backend.call(to("/", { method })));
    expect(JSON.parse(await textOf(answer.body))).toMatchObject({ method, body: "" });
  });

  it("may be large, or a stream with a length or without", async () => {
    const backend = await backendOf(mirror);
    const large = "x".repeat(3_000_000);
    const bodies: readonly (readonly [BackendBody, readonly string[], string])[] = [
      [Buffer.from(large), [], large],
      [piecesOf("one, ", "", "two"), [], "one, two"],
      [piecesOf("one, ", "two"), ["Content-Length", "8"], "one, two"],
      [piecesOf(), [], ""],
    ];
    for (const [body, headers, expected] of bodies) {
      const answer = await answerOf(backend.call(to("/", { method: "POST", headers, body })));
      expect(JSON.parse(await textOf(answer.body))).toMatchObject({ body: expected });
    }
  });

  it("fails where a stream is longer or shorter than it says", async () => {
    const backend = await backendOf(mirror);
    for (const [texts, length] of [
      [["four"], "3"],
      [["four"], "5"],
    ] as const) {
      const request = to("/", {
        method: "POST",
        headers: ["content-length", length],
        body: piecesOf(...texts),
      });
      expect(await backend.call(request).outcome).toMatchObject({ kind: "failed" });
    }
  });

  it("never becomes two", async () => {
    const backend = await backendOf(mirror);
    for (const request of [
      to("/ HTTP/1.1\r\nx: y\r\n\r\nGET /"),
      to("/", { headers: ["x", "1\r\ny: 2"] }),
      to("/", { headers: ["x", "\u010d\u010a"] }),
      to("/", { headers: ["x: 1\r\ny", "2"] }),
      to("/", { method: "GET / HTTP/1.1\r\n" }),
      to("http://other/"),
    ]) {
      expect(await backend.call(request).outcome).toMatchObject({ kind: "failed" });
    }
  });

  it("uses a connection again", async () => {
    const backend = await backendOf((request, response) => {
      response.end(String(request.socket.remotePort));
    });
    const ports = new Set<string>();
    for (let call = 0; call < 5; call += 1)
      ports.add(await textOf((await answerOf(backend.call(to("/")))).body));
    expect(ports.size).toBe(1);
  });
});

describe("an answer of a server on a port", () => {
  it("comes whole where it is small, and as it comes where it is not", async () => {
    const backend = await backendOf((request, response) => {
      const size = Number(request.url?.slice(1));
      response.setHeader("content-length", size);
      response.end("x".repeat(size));
    });
    const small = await answerOf(backend.call(to("/65536")));
    expect(small.body).toBeInstanceOf(Uint8Array);
    const large = await answerOf(backend.call(to("/5000000")));
    expect(large.body).not.toBeInstanceOf(Uint8Array);
    expect(await textOf(large.body)).toHaveLength(5_000_000);
  });

  it("streams: each event is there as soon as it was sent", async () => {
    let send: (text: string | null) => void = () => undefined;
    const backend = await backendOf((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      send = (text) => {
        if (text === null) response.end();
        else response.write(text);
      };
    });
    const { body, headers } = await answerOf(backend.call(to("/")));
    expect(headers).toContain("text/event-stream");
    if (body instanceof Uint8Array) throw new Error("It came whole.");
    const iterator = body[Symbol.asyncIterator]();
    for (const text of ["data: 1\n\n", "data: 2\n\n"]) {
      send(text);
      const step = await iterator.next();
      expect(step.done === true ? null : Buffer.from(step.value).toString()).toBe(text);
    }
    send(null);
    expect((await iterator.next()).done).toBe(true);
  });

  it("holds the server back while nobody reads, and goes on when somebody does", async () => {
    const size = 50_000_000;
    let isSent = false;
    const backend = await backendOf((request, response) => {
      if (request.url === "/small") response.end("small");
      else {
        response.on("finish", () => (isSent = true));
        Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(size / 50))).pipe(response);
      }
    });
    const { body } = await answerOf(backend.call(to("/large")));
    // Meanwhile there is time for more than all of it.
    for (let call = 0; call < 300; call += 1) await answerOf(backend.call(to("/small")));
    expect(isSent).toBe(false);
    expect(await textOf(body)).toHaveLength(size);
    expect(isSent).toBe(true);
  });

  it("may have no body", async () => {
    const backend = await backendOf((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { "x-one": "1" });
      response.end();
    });
    for (const [target, method, status] of [
      ["/204", "GET", 204],
      ["/304", "GET", 304],
      ["/200", "HEAD", 200],
    ] as const) {
      const answer = await answerOf(backend.call(to(target, { method })));
      expect(answer).toMatchObject({ status, body: Buffer.alloc(0) });
    }
  });

  it("may come before the request was read to its end, and after interim ones", async () => {
    const backend = await rawBackend((socket, number) => {
      socket.once("data", () => {
        const body = `connection ${String(number)}`;
        const head = `HTTP/1.1 413 Too Large\r\ncontent-length: ${String(body.length)}\r\n\r\n`;
        socket.write(`HTTP/1.1 100 Continue\r\n\r\n${head}${body}`);
      });
    });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("begin");
      await promise;
      yield Buffer.from("never sent");
    }
    const answer = await answerOf(backend.call(to("/", { method: "POST", body: endless() })));
    expect(answer).toMatchObject({ status: 413, body: Buffer.from("connection 1") });
    // Nothing else can be said on a connection in the middle of a request.
    expect(await textOf((await answerOf(backend.call(to("/")))).body)).toBe("connection 2");
    resolve(undefined);
  });
});

describe("a server on a port that is not there, or not any more", () => {
  it("has not started anything where nobody listens; a stream is not touched", async () => {
    const backend = backendAt(await closedPort());
    const body = piecesOf("still", " here");
    const outcome = await backend.call(to("/", { method: "POST", body })).outcome;
    expect(outcome).toEqual({ kind: "not-started", reason: "connection refused" });
    expect(await textOf(body)).toBe("still here");
  });

  it("has failed where it goes away in the middle", async () => {
    const backend = await rawBackend((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const request = to("/", { method: "POST", body: Buffer.from("{}") });
    expect(await backend.call(request).outcome).toMatchObject({ kind: "failed", reason: "connection reset" });
  });

  it("is asked a second time where the connection had become stale, unless that could do harm", async () => {
    const backend = await rawBackend((socket, number) => {
      let requests = 0;
      socket.on("data", () => {
        requests += 1;
        if (requests === 2) socket.resetAndDestroy();
        else socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${String(number)}`);
      });
    });
    expect(await textOf((await answerOf(backend.call(to("/")))).body)).toBe("1");
    expect(await textOf((await answerOf(backend.call(to("/")))).body)).toBe("2");
    const post = to("/", { method: "POST", body: Buffer.from("{}") });
    expect(await backend.call(post).outcome).toMatchObject({ kind: "failed" });
  });

  it("breaks an answer off that is not whole", async () => {
    const backend = await rawBackend((socket) => {
      socket.once("data", () => {
        socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
      });
    });
    const { body } = await answerOf(backend.call(to("/", { method: "POST" })));
    await expect(textOf(body)).rejects.toThrow("without a whole answer");
  });

  it("says so where it does not speak HTTP/1.1", async () => {
    const backend = await rawBackend((socket) => {
      socket.once("data", () => socket.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    });
    const outcome = await backend.call(to("/", { method: "POST" })).outcome;
    expect(outcome).toEqual({ kind: "failed", reason: 'not an HTTP/1.1 answer: "SSH-2.0-OpenSSH_9.2"' });
  });

  it("is let go when nobody waits, and when everything stops", async () => {
    let arrived = 0;
    const sockets: Socket[] = [];
    const backend = await rawBackend((socket) => {
      sockets.push(socket);
      socket.on("data", () => (arrived += 1));
    });
    const first = backend.call(to("/", { method: "POST" }));
    const second = backend.call(to("/"));
    await expect.poll(() => arrived).toBe(2);
    const closed = sockets.map((socket) => once(socket, "close"));
    first.cancel();
    expect(await first.outcome).toMatchObject({ kind: "failed", reason: "cancelled" });
    await backend.stop();
    expect(await second.outcome).toMatchObject({ kind: "failed" });
    await Promise.all(closed);
    expect(await backend.call(to("/")).outcome).toMatchObject({ kind: "not-started" });
    expect(sockets).toHaveLength(2);
  });
});
