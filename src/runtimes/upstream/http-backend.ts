import type {
  Backend,
  BackendAddress,
  BackendCall,
  BackendOutcome,
  BackendRequest,
} from "../../core/ports/backend.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";
import { Exchange } from "./exchange.ts";
import { requestHead } from "./request-head.ts";

/**
 * Servers close idle connections after two seconds (gunicorn) or five (uvicorn, Node.js) or more; whoever closes first
 * never sends on one that is being closed. A server that says `keep-alive: timeout=…` is believed.
 */
const keepAliveMs = 1_500;
const sweepMs = 1_000;

/**
 * Any server that speaks HTTP/1.1 on a port: what it is sent, and what it sends, goes through byte for byte. How many
 * requests there may be at once, and how long one may take, is decided in front.
 *
 * The client is our own, because this is done for every request: undici took as long for one as the rest of the gateway,
 * most of it for what a proxy has no use for.
 */
export class HttpBackend implements Backend {
  readonly address: BackendAddress;
  readonly #host: string;
  readonly #events: ConnectionEvents;
  readonly #connections = new Set<Connection>();
  /** The one used last is the next: those that are not needed grow old. */
  readonly #idle: Connection[] = [];
  readonly #repeated = new WeakSet<Exchange>();
  #sweep: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(address: BackendAddress) {
    this.address = address;
    const { host, port } = address;
    this.#host = `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
    this.#events = {
      onIdle: (connection) => {
        this.#rest(connection);
      },
      onClosed: (connection) => {
        this.#connections.delete(connection);
        const index = this.#idle.indexOf(connection);
        if (index !== -1) this.#idle.splice(index, 1);
      },
      onLost: (exchange, loss) => {
        this.#lose(exchange, loss);
      },
    };
  }

  call(request: BackendRequest): BackendCall {
    if (this.#isStopped) return settled({ kind: "not-started", reason: "the instance is being stopped" });
    try {
      const exchange = new Exchange(request, requestHead(request, this.#host));
      (this.#takeIdle() ?? this.#connect()).send(exchange);
      return exchange;
    } catch (error) {
      return settled({ kind: "failed", reason: ServingError.from(error).message });
    }
  }

  /** Closes every connection; what is under way fails. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopSweeping();
    for (const connection of this.#connections) connection.destroy();
    return Promise.resolve();
  }

  #connect(): Connection {
    const connection = new Connection(this.address, keepAliveMs, this.#events);
    this.#connections.add(connection);
    return connection;
  }

  #takeIdle(): Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.isOpen && performance.now() - connection.idleSince < connection.keepAliveMs) {
        return connection;
      }
      connection.destroy();
    }
  }

  #rest(connection: Connection): void {
    connection.idleSince = performance.now();
    this.#idle.push(connection);
    this.#sweep ??= setInterval(() => {
      this.#closeOld();
    }, sweepMs).unref();
  }

  #closeOld(): void {
    const now = performance.now();
    for (const connection of [...this.#idle]) {
      if (now - connection.idleSince >= connection.keepAliveMs) connection.destroy();
    }
    if (this.#connections.size === 0) this.#stopSweeping();
  }

  #stopSweeping(): void {
    if (this.#sweep !== null) clearInterval(this.#sweep);
    this.#sweep = null;
  }

  /** A connection may have been closed just as the request went out on it: then it goes out again, once, on a new one. */
  #lose(
    exchange: Exchange,
    { reason, hasBegun }: { readonly reason: string; readonly hasBegun: boolean },
  ): void {
    if (hasBegun && !this.#isStopped && exchange.isRepeatable && !this.#repeated.has(exchange)) {
      this.#repeated.add(exchange);
      this.#connect().send(exchange);
    } else exchange.fail({ kind: hasBegun ? "failed" : "not-started", reason });
  }
}

function settled(outcome: BackendOutcome): BackendCall {
  return { outcome: Promise.resolve(outcome), cancel: () => undefined };
}
