import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the one container of a fake engine does, each as a real one may. */
export interface FakeContainer {
  /** It ends with this code before anybody can look at it. */
  readonly endsAtOnce?: number;
  /** What it writes before it ends at once. */
  readonly log?: string;
  /** Its ports lead nowhere. */
  readonly isUnpublished?: boolean;
  /** The engine cannot stop it, as where its process hangs in the kernel. */
  readonly cannotStop?: boolean;
  /** Nor remove it by force. */
  readonly cannotRemove?: boolean;
}

const hostPort = "49152";

/** A container engine on a socket of its own, with one container at a time. */
export class FakeEngine {
  readonly socket: string;
  /** As `POST /containers/c1/start`, in the order they came. */
  readonly calls: string[] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #waiting = new Set<ServerResponse>();
  readonly #container: FakeContainer;
  #code: number | null = null;
  #isRemoved = false;
  /** What begins so is never answered. */
  #deafTo: string | null = null;

  private constructor(folder: string, container: FakeContainer) {
    this.#folder = folder;
    this.#container = container;
    this.socket = join(folder, "engine.sock");
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
  }

  static async open(container: FakeContainer = {}): Promise<FakeEngine> {
    const engine = new FakeEngine(await mkdtemp(join(tmpdir(), "hostler-engine-")), container);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    engine.#server.listen(engine.socket, () => {
      resolve(undefined);
    });
    await promise;
    return engine;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** From now on it takes calls whose path ends so, and answers none of them. */
  ignore(pathEnd: string): void {
    this.#deafTo = pathEnd;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #answer({ method = "", url = "" }: IncomingMessage, response: ServerResponse): void {
    const path = (url.split("?")[0] ?? "").replace(/^\/v[\d.]+/, "");
    this.calls.push(`${method} ${path}`);
    if (this.#deafTo !== null && path.endsWith(this.#deafTo)) return;
    if (path === "/_ping") response.setHeader("api-version", "1.41").end("OK");
    else if (path === "/version") json(response, 200, { Version: "1" });
    else if (path === "/containers/json") json(response, 200, []);
    else if (path.startsWith("/images/")) json(response, 200, { Id: "i1" });
    else if (path === "/containers/create") json(response, 201, { Id: "c1" });
    else if (method === "DELETE") this.#remove(response);
    else this.#ofContainer(path.split("/").at(-1) ?? "", response);
  }

  #ofContainer(what: string, response: ServerResponse): void {
    const { endsAtOnce, log = "", cannotStop = false } = this.#container;
    if (what === "start") {
      this.#code = endsAtOnce ?? null;
      response.writeHead(204).end();
    } else if (what === "json") json(response, 200, this.#inspection());
    else if (what === "logs") response.writeHead(200).end(frameOf(log));
    else if (what === "wait") this.#wait(response);
    else if (cannotStop) json(response, 500, { message: "cannot stop container: no exit event" });
    else {
      this.#end(143);
      response.writeHead(204).end();
    }
  }

  #inspection(): object {
    const { isUnpublished = false } = this.#container;
    const isRunning = this.#code === null;
    const published = { "5001/tcp": [{ HostPort: hostPort }] };
    return {
      State: { Running: isRunning, ExitCode: this.#code ?? 0, OOMKilled: false },
      // One that does not run has no ports.
      NetworkSettings: { Ports: isRunning && !isUnpublished ? published : {} },
    };
  }

  #wait(response: ServerResponse): void {
    this.#waiting.add(response);
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    if (this.#code !== null) this.#end(this.#code);
  }

  #remove(response: ServerResponse): void {
    if (this.#container.cannotRemove === true) {
      json(response, 500, { message: "could not kill: tried, but nothing happened" });
      return;
    }
    this.#isRemoved = true;
    this.#end(137);
    response.writeHead(204).end();
  }

  #end(code: number): void {
    this.#code ??= code;
    for (const waiting of this.#waiting) waiting.end(JSON.stringify({ StatusCode: this.#code }));
    this.#waiting.clear();
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function frameOf(text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(1, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return text === "" ? Buffer.alloc(0) : Buffer.concat([header, Buffer.from(text)]);
}
