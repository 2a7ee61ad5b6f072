import { connect, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { HostedCall } from "../../../core/hosting/hosted-call.ts";
import type { BackendBody } from "../../../core/ports/backend.ts";
import { createApp, listen } from "../../../server/http-app.ts";
import { closeApp } from "../../../server/stopping.ts";
import { sagemakerRoutes } from "../routes.ts";
import { acceptSockets } from "./sockets.ts";

let app: FastifyInstance | null = null;
/** Calls that were left. */
let cancelled = 0;

/** A client that has been let in, of a server whose model answers with this. */
async function clientOf(body: () => BackendBody): Promise<Socket> {
  app = createApp();
  cancelled = 0;
  const invoke = (): HostedCall => ({
    outcome: Promise.resolve({
      kind: "answered",
      item: { status: 200, phrase: "", headers: [], contentType: null, body: body() },
    }),
    cancel: () => {
      cancelled += 1;
    },
  });
  acceptSockets(app, { path: sagemakerRoutes.stream, limitBytes: 1_000_000, admits: () => true, invoke });
  const { port } = new URL(await listen(app, { host: "127.0.0.1", port: 0 }));
  const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  // Cut off, as it may be here.
  socket.on("error", () => socket.destroy());
  socket.write(
    `GET ${sagemakerRoutes.stream} HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

const patient = { timeout: 30_000 };

/** A text without a letter, and a question whether somebody is there. */
const message = Buffer.from([0x81, 0x80, 0, 0, 0, 0]);
const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
/** What no client may send. */
const unmasked = Buffer.from([0x81, 0]);

afterEach(async () => {
  if (app !== null) await closeApp(app);
  app = null;
});

describe("a client of a WebSocket", () => {
  it("that leaves while its answer comes in pieces leaves its call", async () => {
    const socket = await clientOf(async function* () {
      yield Buffer.from("a piece");
      // The next one would come when it likes.
      await new Promise(() => undefined);
    });
    const piece = new Promise((resolve) => socket.once("data", resolve));
    socket.write(message);
    await piece;
    expect(cancelled).toBe(0);
    socket.resetAndDestroy();
    await vi.waitFor(() => {
      expect(cancelled).toBe(1);
    }, patient);
  });

  it("that sends on after it was told to go is cut off", async () => {
    const socket = await clientOf(() => Buffer.from("answer"));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    socket.write(unmasked);
    const more = setInterval(() => socket.write(ping), 50);
    await closed;
    clearInterval(more);
    expect(socket.destroyed).toBe(true);
  });

  it("that reads slowly is not listened for more than once", async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", hear);
    const socket = await clientOf(async function* () {
      for (let piece = 0; piece < 40; piece += 1) yield Promise.resolve(Buffer.alloc(1_000_000));
    });
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.byteLength));
    socket.resume();
    socket.write(message);
    await vi.waitFor(() => {
      expect(received).toBeGreaterThan(40_000_000);
    }, patient);
    process.off("warning", hear);
    expect(warnings).toEqual([]);
    socket.destroy();
  });
});
