import type { IncomingMessage, Server } from "node:http";
import { Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Lease, LiveDeployment, LiveEndpoint } from "../../core/ports/endpoint-directory.ts";
import type { GatewayContext } from "./context.ts";
import {
  checkKey,
  chooseDeployment,
  type Destination,
  findEndpoint,
  headersFor,
  idsOf,
  pinnedBy,
  type RequestIds,
  targetOn,
} from "./decode.ts";
import { answerHead, encodeRefusal } from "./encode.ts";
import { deploymentHeader, forwardedHeaders, requestIdHeader, sessionHeader } from "./headers.ts";
import { Patience } from "./patience.ts";
import { lateError, lostError, takePlace } from "./place.ts";
import { observedRoute } from "./routes.ts";
import { join, shakeHands, type UpgradeReply, writeHead } from "./upgrade.ts";

/** A tunnel through which nothing goes for so long is closed: its caller may be gone without a word. */
const idleMs = 15 * 60_000;

/** How long a caller may keep its connection open after the answer that ends it. */
const lingerMs = 5_000;

/** A caller's connection, and the request that it began with. */
interface Caller {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the request's head. */
  readonly head: Buffer;
  readonly ids: RequestIds;
}

interface Errand extends Destination {
  readonly deployment: LiveDeployment;
  readonly patience: Patience;
}

/** WebSockets and whatever else takes over its connection: admitted as any request, then passed on byte for byte. */
export class Tunnels {
  readonly #context: GatewayContext;
  readonly #sockets = new Set<Duplex>();
  #isStopped = false;

  constructor(context: GatewayContext) {
    this.#context = context;
  }

  /** Where the server cannot tell a wish for a tunnel from an offer of HTTP/2 (Node.js before 24.9), there are none. */
  listen(server: Server): void {
    if (!("shouldUpgradeCallback" in server)) return;
    server.on("upgrade", (request, socket, head) => {
      if (this.#isStopped) socket.destroy();
      else void this.#open({ request, socket, head, ids: idsOf(request) });
    });
  }

  /** Closes all of them, and those that are still to come: a server that closes waits for every one. */
  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Never rejects. */
  async #open(caller: Caller): Promise<void> {
    const { observer, clock, directory } = this.#context;
    const { request, socket } = caller;
    const startedAt = clock.now();
    observer.started();
    this.#own(socket);
    let endpoint: LiveEndpoint | null = null;
    try {
      const destination = findEndpoint(directory, request.url ?? "");
      ({ endpoint } = destination);
      checkKey(endpoint, request.headers.authorization);
      const { deployment } = chooseDeployment(endpoint, pinnedBy(request));
      const status = await this.#pass(caller, destination, deployment);
      deployment.ended({ status, totalMs: clock.now() - startedAt });
      this.#observe(caller, { status, startedAt, error: null });
    } catch (caught) {
      const error = ServingError.from(caught);
      const { status, headers, body } = encodeRefusal(error, endpoint?.statusMode ?? "azure", caller.ids);
      this.#observe(caller, { status, startedAt, error });
      writeHead(socket, status, [...headers, "connection", "close"]);
      socket.end(body);
      this.#closeSoon(socket);
    }
  }

  /** For a caller that has had its last word, and does not close the connection: nobody else has an eye on it. */
  #closeSoon(socket: Duplex): void {
    if (socket.destroyed) return;
    const timer = this.#context.clock.schedule(lingerMs, () => {
      socket.destroy();
    });
    socket.once("close", () => {
      timer.cancel();
    });
  }

  #own(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => {
      socket.destroy();
    });
    socket.on("close", () => {
      this.#sockets.delete(socket);
    });
  }

  /** Brings the caller and an instance together; resolves with the status that the instance answered. */
  async #pass(caller: Caller, destination: Destination, deployment: LiveDeployment): Promise<number> {
    let handshake: ReturnType<typeof shakeHands> | null = null;
    const patience = new Patience(this.#context.clock, {
      limitMs: deployment.timeoutMs,
      late: () => lateError(deployment),
      onEnd: () => {
        handshake?.cancel();
      },
    });
    caller.socket.once("close", () => {
      patience.end(new ServingError("CANCELLED", "The caller went away."));
    });
    let lease: Lease | null = null;
    try {
      lease = await takePlace(deployment, patience);
      handshake = shakeHands(upgradeRequest(caller, lease, targetOn(lease.routes, destination.path)));
      const reply = await patience.until(handshake.reply);
      const held = lease;
      const release = (): void => {
        held.release();
      };
      caller.socket.once("close", release);
      answer(caller, { ...destination, deployment, patience }, reply, () => {
        release();
        this.#closeSoon(caller.socket);
      });
      return reply.response.statusCode ?? 502;
    } catch (error) {
      lease?.release();
      throw error instanceof ServingError ? error : lostError(deployment, ServingError.from(error).message);
    } finally {
      patience.done();
    }
  }

  #observe(
    { request, ids }: Caller,
    outcome: { readonly status: number; readonly startedAt: number; readonly error: ServingError | null },
  ): void {
    const { status, startedAt, error } = outcome;
    this.#context.observer.ended({
      protocol: "azureml",
      method: request.method ?? "GET",
      route: observedRoute,
      status,
      code: error?.code ?? null,
      model: null,
      requestedVersion: null,
      requestId: ids.request,
      bytesIn: 0,
      bytesOut: 0,
      timing: null,
      totalMs: this.#context.clock.now() - startedAt,
      error,
    });
  }
}

function upgradeRequest({ request, ids }: Caller, { backend }: Lease, target: string) {
  const { address } = backend;
  if (address === null) {
    throw ServingError.invalidField("upgrade", "none, because a scoring script has no connection", "one");
  }
  const headers = [
    ...headersFor(request, ids),
    ...["connection", "upgrade", "upgrade", request.headers.upgrade ?? ""],
  ];
  return { address, method: request.method ?? "GET", target, headers };
}

/** Both ends are watched: when one has closed, what it had said may wait for the other for ever. */
function endIdle(socket: Duplex): void {
  if (!(socket instanceof Socket)) return;
  socket.setTimeout(idleMs, () => {
    socket.destroy();
  });
}

/** @param onEnd told when an instance that wants no tunnel has said so */
function answer(
  { socket, request, head, ids }: Caller,
  errand: Errand,
  reply: UpgradeReply,
  onEnd: () => void,
): void {
  const { endpoint, deployment } = errand;
  const { response } = reply;
  if (reply.kind === "upgraded") {
    const notes = [
      deploymentHeader,
      deployment.name,
      sessionHeader,
      deployment.name,
      requestIdHeader,
      ids.request,
    ];
    writeHead(socket, 101, [...response.rawHeaders, ...notes]);
    if (reply.head.byteLength > 0) socket.write(reply.head);
    if (head.byteLength > 0) reply.socket.write(head);
    endIdle(socket);
    endIdle(reply.socket);
    join(socket, reply.socket);
    return;
  }
  const kept = forwardedHeaders(response.rawHeaders).map((part, index) =>
    index % 2 === 0 ? part.toLowerCase() : part,
  );
  const { status, headers } = answerHead(
    { kind: "answered", status: response.statusCode ?? 502, headers: kept, body: response },
    {
      method: request.method ?? "GET",
      statusMode: endpoint.statusMode,
      deployment: deployment.name,
      ids,
      modelMs: 0,
    },
  );
  writeHead(socket, status, [...headers, "connection", "close"]);
  // Either may break off: then the other one does, and the instance has its place back.
  pipeline(response, socket, onEnd);
}
