import { type IncomingMessage, request as sendRequest, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { BackendAddress } from "../../core/ports/backend.ts";

/** What an instance said to a wish for another protocol. */
export type UpgradeReply =
  | {
      readonly kind: "upgraded";
      readonly response: IncomingMessage;
      readonly socket: Duplex;
      readonly head: Buffer;
    }
  | { readonly kind: "answered"; readonly response: IncomingMessage };

export interface UpgradeRequest {
  readonly address: BackendAddress;
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

export interface Handshake {
  /** Rejects where the connection cannot be made, or is lost. */
  readonly reply: Promise<UpgradeReply>;
  cancel(): void;
}

/** Asks an instance on a connection of its own. */
export function shakeHands({ address, method, target, headers }: UpgradeRequest): Handshake {
  const { promise, resolve, reject } = Promise.withResolvers<UpgradeReply>();
  const request = sendRequest({
    ...address,
    method,
    path: target,
    headers: ["host", `${address.host}:${String(address.port)}`, ...headers],
    agent: false,
  });
  request.on("upgrade", (response, socket, head) => {
    resolve({ kind: "upgraded", response, socket, head });
  });
  request.on("response", (response) => {
    resolve({ kind: "answered", response });
  });
  request.on("error", reject);
  request.end();
  return {
    reply: promise,
    cancel: () => {
      request.destroy();
    },
  };
}

/** Writes the head of an answer on a connection that HTTP has let go of. */
export function writeHead(socket: Duplex, status: number, headers: readonly string[]): void {
  let head = `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    head += `${headers[index] ?? ""}: ${headers[index + 1] ?? ""}\r\n`;
  }
  socket.write(`${head}\r\n`, "latin1");
}

/** Passes on what comes, both ways, until one of them ends. */
export function join(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
  endWith(one, other);
  endWith(other, one);
}

/** What one had said before it ended still gets through. */
function endWith(ended: Duplex, other: Duplex): void {
  ended.on("error", () => {
    ended.destroy();
  });
  ended.on("close", () => {
    other.end(() => {
      other.destroy();
    });
  });
}
