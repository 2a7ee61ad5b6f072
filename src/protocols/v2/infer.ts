import type { IncomingMessage, ServerResponse } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelVersion } from "../../core/models/model-version.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { CallTiming } from "../../core/scheduling/inference-call.ts";
import { endReply, packReply, readBody } from "../http/body.ts";
import { cloudEventHeaders } from "./cloud-events.ts";
import type { V2Context } from "./context.ts";
import { encodeError, statusOf } from "../http/errors.ts";
import { callParameters, readInferRequest, writeInferReply } from "./infer-body.ts";

/** What one infer request is about, as its route says. */
export interface InferTarget {
  readonly route: string;
  readonly name: string;
  readonly version: string | null;
}

/** What is known of the exchange by its end, for the access log. */
interface Exchange {
  readonly clock: Clock;
  readonly startedAt: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: InferTarget;
  model: ModelVersion | null;
  bytesIn: number;
  timing: CallTiming | null;
}

/**
 * The hot path: one inference over HTTP, on the raw request and reply, since each layer of framework costs here what
 * the rest of the front does. Always answers; never rejects.
 */
export async function handleInfer(
  context: V2Context,
  request: IncomingMessage,
  response: ServerResponse,
  target: InferTarget,
): Promise<void> {
  context.observer.started();
  const { clock } = context;
  const startedAt = clock.now();
  const exchange: Exchange = {
    clock,
    startedAt,
    request,
    response,
    target,
    model: null,
    bytesIn: 0,
    timing: null,
  };
  try {
    await infer(context, exchange);
  } catch (error) {
    answerError(context, exchange, ServingError.from(error));
  }
}

async function infer(context: V2Context, exchange: Exchange): Promise<void> {
  const { engine, clock } = context;
  const { request, response, target, startedAt } = exchange;
  const body = await readBody(request, context.maxBodyBytes);
  exchange.bytesIn = body.byteLength;
  // Who left while the body was unpacked is not told of any more.
  if (response.destroyed) throw new ServingError("CANCELLED", "The caller went away.");
  const model = engine.resolve(target.name, target.version);
  exchange.model = model;
  const wanted = readInferRequest(request.headers, body);
  const { tensors, outputs, priority, timeoutMs } = wanted;
  const parameters = callParameters(model.spec, wanted);
  const deadlineMs = startedAt + Math.min(timeoutMs ?? context.requestTimeoutMs, context.requestTimeoutMs);
  const payload = { kind: "tensors", tensors } as const;
  const pending = engine.infer(model, { payload, outputs, parameters, deadlineMs, priority });
  // A caller that goes away takes its call with it; to one that has been answered this does nothing.
  response.on("close", () => {
    pending.cancel();
  });
  const { result, timing } = await pending.reply;
  exchange.timing = timing;
  const reply = writeInferReply(model.spec, result, wanted);
  const totalMs = clock.now() - startedAt;
  const answer: Answer = {
    status: 200,
    contentType: reply.contentType,
    body: reply.body,
    headers: [
      ...cloudEventHeaders(context, model.spec, reply.id),
      "server-timing",
      serverTiming(timing, totalMs),
      ...reply.headers,
    ],
  };
  if (context.isGzipEnabled && request.headers["accept-encoding"] !== undefined)
    await sendPacked(exchange, answer);
  else send(exchange, answer);
  ended(context, exchange, { status: 200, bytesOut: reply.body.length, error: null });
}

function serverTiming({ queueMs, computeMs }: CallTiming, totalMs: number): string {
  return `queue;dur=${micros(queueMs)}, compute;dur=${micros(computeMs)}, total;dur=${micros(totalMs)}`;
}

/** Milliseconds to the microsecond; a fifth of what `toFixed` costs. */
function micros(ms: number): string {
  return String(Math.round(ms * 1000) / 1000);
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers: readonly string[];
}

/** One write: head and body leave together. */
function send(exchange: Exchange, { status, contentType, body, headers }: Answer): void {
  const { request, response } = exchange;
  if (response.destroyed) return;
  const requestId = request.headers["x-request-id"];
  const echoed = typeof requestId === "string" && isEchoable(requestId) ? ["x-request-id", requestId] : [];
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(status, [
    "content-type",
    contentType,
    "content-length",
    String(length),
    ...headers,
    ...echoed,
  ]);
  endReply(exchange, body);
}

/** A header value that a caller gave goes back only if it cannot be anything but an id. */
function isEchoable(requestId: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(requestId);
}

async function sendPacked(exchange: Exchange, answer: Answer): Promise<void> {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const packed = await packReply(body, exchange.request.headers["accept-encoding"]);
  if (packed === null) send(exchange, { ...answer, body });
  else {
    const vary = [exchange.response.getHeader("vary") ?? [], "Accept-Encoding"].flat().join(", ");
    const more = ["content-encoding", "gzip", "vary", vary];
    send(exchange, { ...answer, body: packed, headers: [...answer.headers, ...more] });
  }
}

function answerError(context: V2Context, exchange: Exchange, error: ServingError): void {
  const status = statusOf[error.code];
  const body = JSON.stringify(encodeError(error));
  const { retryAfterS } = error.details;
  const headers = retryAfterS === undefined ? [] : ["retry-after", String(retryAfterS)];
  // What is still to come of this body could not be told from the next request.
  if (!exchange.request.complete) headers.push("connection", "close");
  send(exchange, { status, contentType: "application/json", body, headers });
  ended(context, exchange, { status, bytesOut: body.length, error });
}

function ended(
  { clock, observer }: V2Context,
  { request, startedAt, target, model, bytesIn, timing }: Exchange,
  outcome: { readonly status: number; readonly bytesOut: number; readonly error: ServingError | null },
): void {
  const requestId = request.headers["x-request-id"];
  observer.ended({
    protocol: "v2",
    method: "POST",
    route: target.route,
    status: outcome.status,
    code: outcome.error?.code ?? null,
    model,
    requestedVersion: target.version,
    requestId: typeof requestId === "string" ? requestId : null,
    bytesIn,
    bytesOut: outcome.bytesOut,
    timing,
    totalMs: clock.now() - startedAt,
    error: outcome.error,
  });
}
