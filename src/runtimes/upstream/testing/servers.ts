import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type {
  BackendAddress,
  BackendBody,
  BackendCall,
  BackendOutcome,
} from "../../../core/ports/backend.ts";

/** A server for one test. */
export interface TestServer {
  readonly address: BackendAddress;
  stop(): Promise<void>;
}

/** An HTTP server on any free port. */
export async function serveHttp(listener: RequestListener): Promise<TestServer> {
  return serve(createHttpServer({ keepAliveTimeout: 60_000 }, listener));
}

/** A server that says what a test wants it to, HTTP or not. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<TestServer> {
  return serve(createServer(onConnection));
}

/** Lets a server listen on any free port. */
export async function serve(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: { host: "127.0.0.1", port: portOf(server.address()) },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("No port.");
  return address.port;
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<BackendAddress> {
  const server = await serveRaw(() => undefined);
  await server.stop();
  return server.address;
}

export async function textOf(body: BackendBody): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export type Answered = Extract<BackendOutcome, { kind: "answered" }>;

export async function answerOf(call: BackendCall): Promise<Answered> {
  const outcome = await call.outcome;
  if (outcome.kind !== "answered") throw new Error(`${outcome.kind}: ${outcome.reason}`);
  return outcome;
}
