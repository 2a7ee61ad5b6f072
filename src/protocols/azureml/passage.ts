import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../../contracts/errors.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendBody, BackendCall, BackendRequest } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Lease, LiveDeployment, LiveEndpoint } from "../../core/ports/endpoint-directory.ts";
import type { GatewayContext } from "./context.ts";
import { comparedBytes, type Copies } from "./copies.ts";
import {
  checkKey,
  chooseDeployment,
  findEndpoint,
  headersFor,
  idsOf,
  pinnedBy,
  type RequestIds,
  targetOn,
} from "./decode.ts";
import { answerHead, type BackendAnswer, encodeRefusal } from "./encode.ts";
import { Patience } from "./patience.ts";
import { lateError, lostError, takePlace } from "./place.ts";
import { readRequestBody } from "./request-body.ts";
import { observedRoute } from "./routes.ts";
import { BodyCopy, hasMore, sendStream, sendWhole } from "./send-body.ts";

/** A request that knows where it goes. */
interface Errand {
  readonly endpoint: LiveEndpoint;
  readonly deployment: LiveDeployment;
  /** Gets a copy, if any. */
  readonly mirror: LiveDeployment | null;
  /** Path and query below the endpoint. */
  readonly path: string;
  readonly patience: Patience;
}

/** What is the same on every instance. */
type Message = Omit<BackendRequest, "target">;

/** Statuses under which a deployment counts calls that its instances gave no answer to. */
const statusWithoutAnswer: ReadonlyMap<ErrorCode, number> = new Map([
  ["DEADLINE_EXCEEDED", 504],
  ["WORKER_DIED", 502],
  ["INSTANCE_NOT_READY", 503],
]);

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * The hot path: one request from its arrival until everything that it held is given back. On the raw request and reply,
 * since each layer between costs what the rest of the gateway does.
 */
export class Passage {
  readonly #context: GatewayContext;
  readonly #copies: Copies;
  readonly #exchange: Exchange & { readonly clock: Clock };
  readonly #ids: RequestIds;
  readonly #startedAt: number;
  #errand: Errand | null = null;
  #lease: Lease | null = null;
  #call: BackendCall | null = null;
  #sentAt = 0;
  #answeredAt = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(context: GatewayContext, copies: Copies, { request, response }: Exchange) {
    this.#context = context;
    this.#copies = copies;
    this.#exchange = { request, response, clock: context.clock };
    this.#ids = idsOf(request);
    this.#startedAt = context.clock.now();
  }

  /** Always answers, where there is still somebody to answer; never rejects. */
  async run(): Promise<void> {
    this.#context.observer.started();
    try {
      const errand = this.#choose();
      this.#errand = errand;
      await this.#pass(errand);
    } catch (error) {
      this.#refuse(ServingError.from(error));
    }
    this.#errand?.patience.done();
    this.#lease?.release();
  }

  #choose(): Errand {
    const { request, response } = this.#exchange;
    const { endpoint, path } = findEndpoint(this.#context.directory, request.url ?? "");
    checkKey(endpoint, request.headers.authorization);
    const { deployment, mirror } = chooseDeployment(endpoint, pinnedBy(request));
    const patience = new Patience(this.#context.clock, {
      limitMs: deployment.timeoutMs,
      late: () => lateError(deployment),
      onEnd: () => {
        this.#call?.cancel();
      },
    });
    response.once("close", () => {
      if (!response.writableFinished) patience.end(new ServingError("CANCELLED", "The caller went away."));
    });
    return { endpoint, deployment, mirror, path, patience };
  }

  async #pass(errand: Errand): Promise<void> {
    const { request } = this.#exchange;
    const body = await this.#readBody(errand.patience);
    const message = { method: request.method ?? "GET", headers: headersFor(request, this.#ids), body };
    const answer = await this.#ask(errand, message);
    const copy = errand.mirror === null ? null : new BodyCopy(comparedBytes);
    await this.#answer(errand, { answer, copy });
    errand.deployment.ended({ status: answer.status, totalMs: this.#context.clock.now() - this.#startedAt });
    this.#mirror(errand, message, { status: answer.status, body: copy?.bytes ?? null });
  }

  async #readBody(patience: Patience): Promise<BackendBody> {
    const read = readRequestBody(this.#exchange.request, this.#context.maxBodyBytes, {
      onPart: (bytes) => {
        this.#bytesIn += bytes;
      },
      onBroken: (error) => {
        patience.end(error);
      },
    });
    return read instanceof Promise ? patience.until(read) : read;
  }

  /** Asks instances until one takes the request. */
  async #ask({ deployment, path, patience }: Errand, message: Message): Promise<BackendAnswer> {
    for (;;) {
      const place = takePlace(deployment, patience);
      this.#lease = place instanceof Promise ? await place : place;
      this.#sentAt = this.#context.clock.now();
      // Not before now: the instances of two revisions may have different routes.
      const target = targetOn(this.#lease.routes, path);
      this.#call = this.#lease.backend.call({ ...message, target });
      const outcome = await patience.until(this.#call.outcome);
      this.#answeredAt = this.#context.clock.now();
      if (outcome.kind === "answered") return outcome;
      this.#lease.release(outcome.kind === "not-started" ? "unreachable" : "served");
      if (outcome.kind === "failed") throw lostError(deployment, outcome.reason);
    }
  }

  async #answer(
    { endpoint, deployment, patience }: Errand,
    { answer, copy }: { readonly answer: BackendAnswer; readonly copy: BodyCopy | null },
  ): Promise<void> {
    const { request, response } = this.#exchange;
    const { status, headers } = answerHead(answer, {
      method: request.method ?? "GET",
      statusMode: endpoint.statusMode,
      deployment: deployment.name,
      ids: this.#ids,
      modelMs: this.#answeredAt - this.#sentAt,
    });
    // What is still to come of the body could not be told from the next request.
    if (hasMore(request)) headers.push("connection", "close");
    response.writeHead(status, headers);
    if (answer.body instanceof Uint8Array) {
      this.#lease?.release();
      copy?.add(answer.body);
      this.#bytesOut = answer.body.byteLength;
      sendWhole(this.#exchange, answer.body);
    } else {
      this.#bytesOut = await sendStream(this.#exchange, answer.body, { patience, copy });
    }
    this.#observe(status, null);
  }

  #mirror(
    { endpoint, mirror, path }: Errand,
    message: Message,
    live: { readonly status: number; readonly body: Uint8Array | null },
  ): void {
    if (mirror === null) return;
    const { body } = message;
    if (!(body instanceof Uint8Array) || live.body === null) {
      endpoint.comparison.dropped();
      return;
    }
    const totalMs = this.#answeredAt - this.#sentAt;
    const answer = { status: live.status, body: live.body, totalMs };
    this.#copies.send({ endpoint, mirror, request: { ...message, body }, path, answer });
  }

  #refuse(error: ServingError): void {
    const { response } = this.#exchange;
    const refusal = encodeRefusal(error, this.#errand?.endpoint.statusMode ?? "azure", this.#ids);
    const status = statusWithoutAnswer.get(error.code);
    const totalMs = this.#context.clock.now() - this.#startedAt;
    if (status !== undefined) this.#errand?.deployment.ended({ status, totalMs });
    this.#observe(refusal.status, error);
    if (response.headersSent) {
      // Half an answer cannot be taken back: what was sent still arrives, and the missing end says that it is not whole.
      if (error.code === "WORKER_DIED") response.socket?.destroySoon();
      else response.destroy();
      return;
    }
    if (response.destroyed) return;
    const closing = hasMore(this.#exchange.request) ? ["connection", "close"] : [];
    response.writeHead(refusal.status, [...refusal.headers, ...closing]);
    sendWhole(this.#exchange, refusal.body);
  }

  #observe(status: number, error: ServingError | null): void {
    this.#context.observer.ended({
      protocol: "azureml",
      method: this.#exchange.request.method ?? "GET",
      route: observedRoute,
      status,
      code: error?.code ?? null,
      model: null,
      requestedVersion: null,
      requestId: this.#ids.request,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      timing: null,
      totalMs: this.#context.clock.now() - this.#startedAt,
      error,
    });
  }
}
