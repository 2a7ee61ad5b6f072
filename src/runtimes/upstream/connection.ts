import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BackendAddress } from "../../core/ports/backend.ts";
import type { Carrier, Exchange } from "./exchange.ts";
import type { ResponseHead } from "./response-head.ts";
import { type ResponseEvents, ResponseParser } from "./response-parser.ts";

export interface ConnectionEvents {
  /** Its answer is complete, and it can take another request. */
  readonly onIdle: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
  /** It was closed under a request; `hasBegun` unless the connection was never made. */
  readonly onLost: (
    exchange: Exchange,
    loss: { readonly reason: string; readonly hasBegun: boolean },
  ) => void;
}

const connectTimeoutMs = 5_000;
/** A request up to this size is written in one piece: to the kernel, one write costs what two do. */
const onePieceBytes = 12 * 1024;
/** What every connection reads into: each read is taken apart before the next one begins. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
};

/** One connection to a server: one request at a time, for as long as both sides keep it. */
export class Connection implements Carrier, ResponseEvents {
  /** When it became idle the last time, in `performance.now()`. */
  idleSince = 0;
  /** How long it may be idle. */
  keepAliveMs: number;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #exchange: Exchange | null = null;
  #parser: ResponseParser | null = null;
  #error: string | null = null;
  #isConnected = false;
  #isPaused = false;
  #isSending = false;
  #isKeptAlive = false;
  #isAnswered = false;

  constructor({ host, port }: BackendAddress, keepAliveMs: number, events: ConnectionEvents) {
    this.keepAliveMs = keepAliveMs;
    this.#events = events;
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (size) => this.#read(readBuffer.subarray(0, size)) },
    });
    const timer = setTimeout(() => {
      this.#error = `no connection within ${String(connectTimeoutMs / 1000)} s`;
      this.#socket.destroy();
    }, connectTimeoutMs);
    this.#socket.on("connect", () => {
      this.#isConnected = true;
      clearTimeout(timer);
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#error ??= reasons[error.code ?? ""] ?? error.message;
    });
    this.#socket.on("end", () => {
      if (this.#parser?.close() === true) this.#finish();
    });
    this.#socket.on("close", () => {
      clearTimeout(timer);
      this.#close();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readable;
  }

  send(exchange: Exchange): void {
    const { request, head } = exchange;
    const { body } = request;
    this.#exchange = exchange;
    this.#parser = new ResponseParser(request.method, this);
    this.#isAnswered = false;
    exchange.begin(this);
    if (body instanceof Uint8Array) this.#write(head.text, body);
    else void this.#stream(head.text, body, head.length);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  onHead(head: ResponseHead): void {
    this.#isKeptAlive = head.isKeptAlive;
    if (head.keepAliveMs !== null) {
      // Sooner than the server: what is sent while it closes is lost.
      this.keepAliveMs = Math.max(0, head.keepAliveMs - 1000);
    }
    this.#exchange?.onHead(head);
  }

  onData(bytes: Buffer): void {
    this.#exchange?.onData(bytes);
  }

  onEnd(): void {
    this.#isAnswered = true;
  }

  #write(head: string, body: Uint8Array): void {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (bytes.length <= onePieceBytes) {
      this.#socket.write(head + bytes.toString("latin1"), "latin1");
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, "latin1");
    this.#socket.write(bytes);
    this.#socket.uncork();
  }

  /** Sends a body as it comes, in chunks where nobody has said how long it is. */
  async #stream(head: string, body: AsyncIterable<Uint8Array>, length: number | null): Promise<void> {
    const socket = this.#socket;
    const exchange = this.#exchange;
    this.#isSending = true;
    try {
      // Nothing of the body is taken before there is somebody to send it to.
      if (!this.#isConnected) await this.#happened("connect");
      if (this.#exchange !== exchange) return;
      socket.write(head, "latin1");
      let size = 0;
      for await (const chunk of body) {
        // What has come is read first: to write where the server has closed would lose its answer.
        await nextTurn();
        // Answered before it was asked to the end: nobody reads the rest.
        if (this.#exchange !== exchange) return;
        size += chunk.byteLength;
        if (length !== null && size > length) throw new Error("the body is longer than announced");
        if (!this.#writePart(chunk, length === null)) await this.#happened("drain");
      }
      if (length === null) socket.write("0\r\n\r\n", "latin1");
      else if (size < length) throw new Error("the body is shorter than announced");
      this.#isSending = false;
    } catch (error) {
      this.#error ??= error instanceof Error ? error.message : String(error);
      socket.destroy();
    }
  }

  /** Resolves after this event, or when the connection is closed. */
  #happened(event: "connect" | "drain"): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const finish = (): void => {
      this.#socket.off(event, finish);
      this.#socket.off("close", finish);
      resolve(undefined);
    };
    this.#socket.on(event, finish);
    this.#socket.on("close", finish);
    return promise;
  }

  #writePart(chunk: Uint8Array, isChunked: boolean): boolean {
    // An empty chunk would be the last one.
    if (chunk.byteLength === 0) return true;
    if (!isChunked) return this.#socket.write(chunk);
    this.#socket.cork();
    this.#socket.write(`${chunk.byteLength.toString(16)}\r\n`, "latin1");
    this.#socket.write(chunk);
    const hasRoom = this.#socket.write("\r\n", "latin1");
    this.#socket.uncork();
    return hasRoom;
  }

  /** Returns whether more may come. */
  #read(bytes: Buffer): boolean {
    if (this.#exchange === null || this.#parser === null) {
      // A server that speaks without being asked: what it says belongs to nobody.
      this.#socket.destroy();
      return true;
    }
    this.#exchange.heard();
    try {
      this.#parser.write(bytes);
    } catch (error) {
      this.#error ??= error instanceof Error ? error.message : String(error);
      this.#socket.destroy();
      return true;
    }
    if (this.#isAnswered) this.#finish();
    return !this.#isPaused;
  }

  #finish(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#parser = null;
    this.#isPaused = false;
    if (this.#isKeptAlive && !this.#isSending) this.#events.onIdle(this);
    else this.#socket.destroy();
    exchange?.finish();
  }

  #close(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#parser = null;
    this.#events.onClosed(this);
    if (exchange === null) return;
    const reason = this.#error ?? "connection closed without a whole answer";
    this.#events.onLost(exchange, { reason, hasBegun: this.#isConnected });
  }
}
