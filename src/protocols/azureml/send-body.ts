import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { endReply } from "../http/body.ts";
import type { Patience } from "./patience.ts";

/** An answer up to this size leaves in one piece with its head: to the kernel, one write costs what two do. */
const onePieceBytes = 12 * 1024;

/** Takes down what goes by, as far as it is worth keeping. */
export class BodyCopy {
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Null where there was too much. */
  get bytes(): Uint8Array | null {
    return this.#size > this.#limitBytes ? null : Buffer.concat(this.#chunks, this.#size);
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    if (this.#size > this.#limitBytes) this.#chunks = [];
    else this.#chunks.push(chunk);
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
}

/** Whether something of a request's body is still to come. */
export function hasMore({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Ends a reply whose head is written, with its whole body. */
export function sendWhole(exchange: Exchange, body: Uint8Array): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (hasMore(exchange.request)) endReply(exchange, bytes);
  else if (bytes.length > onePieceBytes) exchange.response.end(bytes);
  else exchange.response.end(bytes.toString("latin1"), "latin1");
}

/**
 * Writes a body as it comes, no faster than the caller takes it; resolves with its length in bytes.
 *
 * @throws ServingError WORKER_DIED where it breaks off, else why there is no more patience
 */
export async function sendStream(
  exchange: Exchange,
  body: AsyncIterable<Uint8Array>,
  { patience, copy }: { readonly patience: Patience; readonly copy: BodyCopy | null },
): Promise<number> {
  const { response } = exchange;
  let size = 0;
  response.flushHeaders();
  try {
    for await (const chunk of patience.piecesOf(body)) {
      size += chunk.byteLength;
      copy?.add(chunk);
      if (!response.write(chunk)) await patience.until(once(response, "drain"));
    }
  } catch (error) {
    patience.check();
    throw ServingError.from(error, "WORKER_DIED");
  }
  if (hasMore(exchange.request)) endReply(exchange, "");
  else response.end();
  return size;
}
