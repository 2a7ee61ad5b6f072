import { ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ServingError } from "../contracts/serving-error.ts";
import { encodeError } from "../protocols/http/errors.ts";

interface Refusal {
  readonly status: number;
  readonly expected: string;
  readonly got: string;
}

/** More than any client sends that means well. */
export const maxHeaderBytes = 16 * 1024;

const refusals: ReadonlyMap<string, Refusal> = new Map([
  [
    "HPE_HEADER_OVERFLOW",
    { status: 431, expected: `a head of at most ${String(maxHeaderBytes)} bytes`, got: "more" },
  ],
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    { status: 408, expected: "a request that arrives in time", got: "part of one" },
  ],
]);

/** JSON for what is no request that HTTP can read; the connection ends with it. */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const { status, expected, got } = refusals.get(error.code ?? "") ?? {
    status: 400,
    expected: "HTTP/1.1",
    got: `something else (${error.message})`,
  };
  const body = JSON.stringify(encodeError(ServingError.invalidField("request", expected, got)));
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${String(Buffer.byteLength(body))}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Whether part of an answer has gone out, which bytes of ours would corrupt; as Node.js's own handler finds out. */
function isAnswering(socket: Socket): boolean {
  const message: unknown = Reflect.get(socket, "_httpMessage");
  return message instanceof ServerResponse && message.headersSent;
}
