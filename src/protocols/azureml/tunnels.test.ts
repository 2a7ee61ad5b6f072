import { once } from "node:events";
import { createServer, type IncomingMessage, request as sendRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { FakeBackend } from "../../core/testing/fake-backend.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { HttpBackend } from "../../runtimes/upstream/http-backend.ts";
import { serve } from "../../runtimes/upstream/testing/servers.ts";
import { GatewayRig } from "./testing/gateway-rig.ts";
import { echo } from "./testing/listeners.ts";
import { Tunnels } from "./tunnels.ts";

const owned: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of owned.splice(0).toReversed()) await one.stop();
});

/** A gateway in front of a server that says back in capitals what comes through a tunnel. */
async function rigOf(onUpgrade?: (request: IncomingMessage, socket: Duplex) => void): Promise<GatewayRig> {
  const server = createServer(echo);
  server.on("upgrade", (request, socket, head) => {
    if (onUpgrade !== undefined) {
      onUpgrade(request, socket);
      return;
    }
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\nx-own: 1\r\n\r\nhello ",
    );
    socket.write(head.toString().toUpperCase());
    socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    socket.on("end", () => socket.end());
  });
  const served = await serve(server);
  const backend = new HttpBackend(served.address);
  const rig = await new GatewayRig().start();
  rig.deployBackend("blue", backend);
  owned.push(served, backend, rig);
  return rig;
}

interface Opened {
  readonly response: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

async function open(
  rig: GatewayRig,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Opened> {
  const request = sendRequest(rig.url + path, {
    headers: { connection: "upgrade", upgrade: "chat", authorization: "Bearer key", ...headers },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  request.on("upgrade", (response, socket, head) => {
    socket.on("error", () => undefined);
    resolve({ response, socket, head });
  });
  request.on("response", (response) => {
    response.resume();
    reject(new Error(`${String(response.statusCode)} ${JSON.stringify(response.headers)}`));
  });
  request.on("error", reject);
  request.end();
  return promise;
}

/** Reads until this text has come. */
async function readUntil({ socket, head }: Opened, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let all = head.toString();
  socket.on("data", (chunk: Buffer) => {
    all += chunk.toString();
    if (all.includes(text)) resolve(all);
  });
  return promise;
}

const wish =
  "GET /endpoints/wine/chat HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n";

/** Tunnels on a server that has nothing else, for the rig's endpoint or for none; and the connections it holds. */
async function bareTunnels(rig: GatewayRig | null, clock = new VirtualClock()) {
  const directory = { find: () => rig?.endpoint };
  const observer = { started: () => undefined, ended: () => undefined };
  const http = createServer();
  const tunnels = new Tunnels({ directory, clock, observer, maxBodyBytes: 1 });
  tunnels.listen(http);
  const held: Socket[] = [];
  http.on("connection", (socket) => held.push(socket));
  const server = await serve(http);
  owned.push(server);
  return { server, tunnels, held };
}

const inFlight = (rig: GatewayRig): number | undefined => rig.pools.get("blue")?.metrics().inFlight;

describe("a tunnel", () => {
  it("passes on what comes, both ways, and is told by its deployment", async () => {
    const rig = await rigOf();
    const opened = await open(rig, "/endpoints/wine/chat?x=1");
    expect(opened.response.headers).toMatchObject({ "x-own": "1", "azureml-model-deployment": "blue" });
    opened.socket.write("how are you");
    expect(await readUntil(opened, "HOW ARE YOU")).toBe("hello HOW ARE YOU");
    expect(inFlight(rig)).toBe(1);
    opened.socket.end();
    await once(opened.socket, "close");
    await expect.poll(() => inFlight(rig)).toBe(0);
    expect(rig.records).toMatchObject([{ status: 101 }]);
  });

  it("is closed when its instance goes, and when the gateway stops", async () => {
    const sockets: Duplex[] = [];
    const rig = await rigOf((_request, socket) => {
      sockets.push(socket);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\n\r\n");
    });
    const first = await open(rig, "/endpoints/wine/chat");
    sockets[0]?.destroy();
    await once(first.socket, "close");
    const second = await open(rig, "/endpoints/wine/chat");
    await Promise.all([once(second.socket, "close"), rig.stop()]);
    owned.pop();
    expect(inFlight(rig)).toBe(0);
  });

  it("needs a key, an endpoint, and an instance with a connection", async () => {
    const rig = await rigOf();
    await expect(open(rig, "/endpoints/wine/chat", { authorization: "Bearer no" })).rejects.toThrow(/^401/);
    await expect(open(rig, "/endpoints/none/chat")).rejects.toThrow(/^404/);
    rig.deployBackend("script", new FakeBackend());
    await expect(open(rig, "/endpoints/wine/chat", { "azureml-model-deployment": "script" })).rejects.toThrow(
      /^400/,
    );
  });

  it("is not there where the instance does not want one", async () => {
    const rig = await rigOf((_request, socket) => {
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    });
    await expect(open(rig, "/endpoints/wine/chat")).rejects.toThrow(
      /^424.*"ms-azureml-model-error-statuscode":"403"/,
    );
    await expect.poll(() => inFlight(rig)).toBe(0);
  });

  it("is not there either where the instance breaks off while it says so", async () => {
    const rig = await rigOf((_request, socket) => {
      socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nno", () => socket.destroy());
    });
    const caller = connect(Number(new URL(rig.url).port), "127.0.0.1");
    caller.write(wish);
    expect(await readText(caller)).toMatch(/^HTTP\/1\.1 424 [^]*no$/);
    await expect.poll(() => inFlight(rig)).toBe(0);
  });

  it("is no offer of HTTP/2: that is answered as any request", async () => {
    const rig = await rigOf();
    const answer = await rig.ask("/endpoints/wine/score", {
      headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" },
      body: "{}",
    });
    expect(JSON.parse(answer.text)).toMatchObject({ method: "POST", body: "{}" });
    expect(answer.text).not.toContain("http2-settings");
  });

  it("is nowhere else on the server", async () => {
    const rig = await rigOf();
    const answer = await rig.ask("/other", {
      method: "GET",
      headers: { connection: "upgrade", upgrade: "chat" },
    });
    expect(answer.text).toBe("other");
  });

  it("that is refused is closed, also where its caller keeps it open", async () => {
    const clock = new VirtualClock();
    const { server, held } = await bareTunnels(null, clock);
    const caller = connect({ ...server.address, allowHalfOpen: true });
    caller.write(wish);
    expect(await readText(caller)).toMatch(/^HTTP\/1\.1 404 /);
    expect(held.map(({ destroyed }) => destroyed)).toEqual([false]);
    await clock.advance(60_000);
    expect(held.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(clock.pending).toBe(0);
    caller.destroy();
  });

  it("gives its place back where its caller takes nothing any more", async () => {
    const rig = await rigOf((_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\n\r\n");
      socket.end(Buffer.alloc(20_000_000));
    });
    const { server, held } = await bareTunnels(rig);
    const caller = connect(server.address);
    caller.write(wish);
    await expect.poll(() => held[0]?.writableNeedDrain).toBe(true);
    expect(inFlight(rig)).toBe(1);
    // As when its time is over in which nothing went through.
    held[0]?.emit("timeout");
    await expect.poll(() => inFlight(rig)).toBe(0);
    caller.destroy();
  });

  it("is not opened any more once the gateway stops: its server would wait for it", async () => {
    const rig = await rigOf();
    const { server, tunnels } = await bareTunnels(rig);
    tunnels.stop();
    const caller = connect(server.address);
    caller.write(wish);
    expect(await readText(caller)).toBe("");
    expect(inFlight(rig)).toBe(0);
  });
});
