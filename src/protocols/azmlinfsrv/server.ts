import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Backend, BackendOutcome } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { endReply } from "../http/body.ts";
import { sendPieces } from "../http/pieces.ts";
import { endWhole } from "../http/whole-body.ts";
import * as contract from "./contract.ts";

export interface ScoringListenerOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
}

interface HeldExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
}

type Answered = Extract<BackendOutcome, { readonly kind: "answered" }>;

/** An answer whose body is here. */
interface Whole {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** Answers HTTP with a scoring backend, one write an answer. Every path is its: there is no router in between. */
export function scoringListener(options: ScoringListenerOptions): RequestListener {
  return (request, response) => {
    exchange(options, request, response).catch(() => {
      refuseUnsendable(response);
    });
  };
}

/** What a script has set is no status or header of HTTP's: it fails this answer, and not the server. */
function refuseUnsendable(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else sendWhole(response, refusal(500, contract.unsendable));
}

/** Those below are no answers: after them a client goes on waiting for one. */
const lowestStatus = 200;

async function exchange(
  { backend, clock, maxBodyBytes }: ScoringListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readWhole(request, maxBodyBytes);
  if (body === "gone") return;
  if (body === "too large") {
    refuseBody({ request, response, clock }, refusal(413, contract.tooLarge));
    return;
  }
  const { method = "GET", url: target = "/", rawHeaders: headers } = request;
  const call = backend.call({ method, target, headers, body });
  response.on("close", () => {
    // To a call that has been answered this does nothing.
    if (!response.writableFinished) call.cancel();
  });
  const outcome = await call.outcome;
  if (outcome.kind !== "answered") sendWhole(response, unanswered(outcome));
  else if (outcome.status < lowestStatus) refuseUnsendable(response);
  else if (isWhole(outcome)) sendWhole(response, outcome);
  else if (!(outcome.body instanceof Uint8Array)) {
    response.writeHead(outcome.status, [...outcome.headers]);
    await sendPieces(response, outcome.body);
  }
}

function isWhole(outcome: Answered): outcome is Answered & Whole {
  return outcome.body instanceof Uint8Array;
}

function unanswered({ kind }: Exclude<BackendOutcome, Answered>): Whole {
  return kind === "failed" ? refusal(500, contract.processEnded) : refusal(503, contract.notReady);
}

function refusal(status: number, message: string): Whole {
  const headers = ["content-type", contract.jsonType, "x-ms-run-function-failed", "True"];
  return { status, headers, body: Buffer.from(contract.messageBody(message)) };
}

/** Answers a client that may still be sending, after which its connection ends. */
function refuseBody(exchange: HeldExchange, { status, headers, body }: Whole): void {
  const length = ["content-length", String(body.byteLength)];
  exchange.response.writeHead(status, [...headers, ...length, "connection", "close"]);
  endReply(exchange, Buffer.from(body));
}

function sendWhole(response: ServerResponse, { status, headers, body }: Whole): void {
  if (response.destroyed) return;
  const hasBody = status !== 204 && status !== 304;
  const length = hasBody ? ["content-length", String(body.byteLength)] : [];
  response.writeHead(status, [...headers, ...length]);
  if (!hasBody) response.end();
  else endWhole(response, body);
}

/** The whole body; of one that is too large nothing is kept. */
function readWhole(request: IncomingMessage, limit: number): Promise<Buffer | "gone" | "too large"> {
  if (Number(request.headers["content-length"] ?? 0) > limit) return Promise.resolve("too large");
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const take = (piece: Buffer): void => {
      size += piece.byteLength;
      pieces.push(piece);
      if (size <= limit) return;
      request.off("data", take);
      resolve("too large");
    };
    request.on("data", take);
    request.on("end", () => {
      const [only] = pieces;
      resolve(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, size));
    });
    request.on("error", () => {
      resolve("gone");
    });
  });
}
