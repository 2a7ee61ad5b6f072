import { request as httpRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An array goes out piece by piece, without a length (chunked transfer encoding). */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | null;
  /** Connections to use; without it the request has one of its own. */
  readonly agent?: Agent;
  /** Breaks the connection off. */
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpBytes extends Omit<HttpReply, "body"> {
  readonly bytes: Buffer;
}

/** Sends exactly what it is given: no header is added to those that HTTP itself demands. */
export async function send(base: string, request: HttpRequest): Promise<HttpReply> {
  const { bytes, ...reply } = await sendForBytes(base, request);
  return { ...reply, body: bytes.toString("utf8") };
}

/** For replies that are not text. */
export function sendForBytes(
  base: string,
  { method, path, headers = {}, body, agent, signal }: HttpRequest,
): Promise<HttpBytes> {
  const { hostname, port } = new URL(base);
  const options = { hostname, port, method, path, headers, agent: agent ?? false, signal };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(options);
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      buffer(incoming).then((bytes) => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes });
      }, reject);
    });
    if (Array.isArray(body)) Readable.from(body).pipe(outgoing);
    else outgoing.end(body ?? undefined);
  });
}

export function get(base: string, path: string): Promise<HttpReply> {
  return send(base, { method: "GET", path });
}

export function postJson(base: string, path: string, body: unknown): Promise<HttpReply> {
  const headers = { "content-type": "application/json" };
  return send(base, { method: "POST", path, headers, body: JSON.stringify(body) });
}
