import { isUtf8 } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { HostedCall, InvokeOutcome } from "../../../core/hosting/hosted-call.ts";
import type { BackendBody } from "../../../core/ports/backend.ts";
import type { HandlerRequest } from "../../../core/ports/handler-launcher.ts";
import { drained } from "../../http/pieces.ts";
import {
  closeCodes,
  encodeClose,
  encodeFrame,
  FrameReader,
  opcodes,
  type SocketEvent,
  SocketFault,
} from "./frames.ts";

export interface SocketsContext {
  readonly path: string;
  /** Of one message. */
  readonly limitBytes: number;
  readonly admits: (authorization: string | undefined) => boolean;
  readonly invoke: (request: HandlerRequest) => HostedCall;
}

/** RFC 6455, 1.3. */
const acceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Takes WebSockets on a path of a listener. Each message is a call of the model, under the headers that the connection
 * began with, and what it answers is the message back, of the same kind (but bytes where it
 * is no text); one after the other, in order.
 */
export function acceptSockets(app: FastifyInstance, context: SocketsContext): void {
  // Where the server cannot tell a WebSocket from an offer of HTTP/2 (Node.js before 24.9), there are none.
  if (!("shouldUpgradeCallback" in app.server)) return;
  const open = new Set<Duplex>();
  app.server.on("upgrade", (request, socket, head) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => open.delete(socket));
    void serve({ request, socket, head }, context);
  });
  app.addHook("preClose", (done) => {
    for (const socket of open) end(socket, closeCodes.goingAway, "the server is stopping");
    done();
  });
}

/** SageMaker pings every minute, and gives up after five that nobody answers. */
const idleMs = 6 * 60_000;

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

interface Connection {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the request's head. */
  readonly head: Buffer;
}

/** Never rejects. */
async function serve(connection: Connection, context: SocketsContext): Promise<void> {
  const { request, socket } = connection;
  const key = request.headers["sec-websocket-key"];
  const [path] = (request.url ?? "").split("?", 1);
  if (path !== context.path || key === undefined || request.headers["sec-websocket-version"] !== "13") {
    refuse(socket, "400 Bad Request");
    return;
  }
  if (!context.admits(request.headers.authorization)) {
    refuse(socket, "401 Unauthorized");
    return;
  }
  if (socket instanceof Socket) socket.setTimeout(idleMs, () => socket.destroy());
  const accept = createHash("sha1")
    .update(key + acceptSalt)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  try {
    await talk(connection, context);
  } catch (error) {
    const fault =
      error instanceof SocketFault ? error : new SocketFault(closeCodes.failed, "the connection failed");
    end(socket, fault.code, fault.message);
  }
}

async function talk(connection: Connection, context: SocketsContext): Promise<void> {
  const { socket, head } = connection;
  const reader = new FrameReader(context.limitBytes);
  const take = async (chunk: Buffer): Promise<boolean> => {
    for (const event of reader.push(chunk)) if (!(await react(event, connection, context))) return false;
    return true;
  };
  if (!(await take(head))) return;
  // What comes while the model works waits on the connection.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk) || !(await take(chunk))) return;
  }
}

/** Whether the connection goes on. */
async function react(event: SocketEvent, connection: Connection, context: SocketsContext): Promise<boolean> {
  const { socket, request } = connection;
  switch (event.kind) {
    case "close":
      end(socket, closeCodes.normal, "");
      return false;
    case "ping":
      return await write(socket, encodeFrame(opcodes.pong, event.bytes));
    case "pong":
      return true;
    case "message": {
      if (socket.destroyed) return false;
      const contentType = event.isText ? "text/plain" : "application/octet-stream";
      const inputs = [{ name: "body", contentType, bytes: event.bytes }];
      const call = context.invoke({ id: randomUUID(), headers: request.rawHeaders, inputs });
      const cancel = (): void => {
        call.cancel();
      };
      socket.once("close", cancel);
      try {
        const goesOn = await answer(socket, bodyOf(await call.outcome), event.isText);
        // Of one that goes on in pieces, nobody reads the rest.
        if (!goesOn) cancel();
        return goesOn;
      } finally {
        socket.off("close", cancel);
      }
    }
  }
}

/** A message for the answer, or one for each piece of it. */
async function answer(socket: Duplex, body: BackendBody, isText: boolean): Promise<boolean> {
  if (body instanceof Uint8Array) return await write(socket, messageOf(body, isText));
  for await (const piece of body) {
    if (!(await write(socket, messageOf(piece, isText)))) return false;
  }
  return true;
}

/** A client that gets a text which is none closes the connection. */
function messageOf(body: Uint8Array, isText: boolean): Buffer {
  return encodeFrame(isText && isUtf8(body) ? opcodes.text : opcodes.binary, body);
}

/** @throws SocketFault where the model has none */
function bodyOf(outcome: InvokeOutcome): BackendBody {
  if (outcome.kind === "answered") return outcome.item.body;
  const reason = outcome.kind === "failed" ? outcome.message : outcome.error.message;
  throw new SocketFault(closeCodes.failed, reason);
}

/** No faster than the other side takes it; whether it is still there. */
async function write(socket: Duplex, frame: Buffer): Promise<boolean> {
  if (socket.destroyed) return false;
  if (!socket.write(frame)) await drained(socket);
  return !isGone(socket);
}

/** Asked again after a wait: the compiler takes it to be what it was. */
function isGone({ destroyed }: Duplex): boolean {
  return destroyed;
}

/** A peer that has been told to go is given so long to do it. */
const lingerMs = 1_000;

/** Says why, and lets the other side close: what it still sends would otherwise take these words with it. */
function end(socket: Duplex, code: number, reason: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  // Not when it is silent for so long: one that never stops sending would stay for ever.
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => {
    clearTimeout(timer);
  });
  socket.end(encodeClose(code, reason));
  socket.resume();
}
