import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { CallableEndpoint, InvocationOutcome } from "../../core/ports/hosted-runtime.ts";
import { collectBody, checkAnnounced, endReply } from "../http/body.ts";
import { drained } from "../http/pieces.ts";
import { checkAccess } from "./access.ts";
import type { RuntimeContext } from "./context.ts";
import { decodeAsync, decodeInvocation, type InvocationTarget, isAwsClient, targetOf } from "./decode.ts";
import { type Answered, answerHeaders, errorHeaders, failureText, streamHeaders } from "./encode.ts";
import { type EncodedError, encodeModelError, encodeRuntimeError, originalStatusOf } from "./errors.ts";
import { payloadParts, streamError } from "./event-stream.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What logs and metrics call the data plane's paths. */
const observedRoutes = {
  plain: "/endpoints/:endpoint/invocations",
  stream: "/endpoints/:endpoint/invocations-response-stream",
  async: "/endpoints/:endpoint/async-invocations",
} as const;

/** SageMaker's data plane, on paths that it shares with endpoints of another kind. */
export class SagemakerRuntime {
  readonly #context: RuntimeContext;

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** Answers a request that is for an endpoint of this kind, or of none and from a client of AWS's; false for all others. */
  take(exchange: Exchange): boolean {
    const { request } = exchange;
    const target = targetOf(request.url ?? "");
    if (target === null) return false;
    const isOurs = this.#context.directory.find(target.endpoint) !== undefined;
    const isNobodys = !this.#context.isOthers(target.endpoint) && isAwsClient(request);
    if (!isOurs && !isNobodys) return false;
    void new Invoking(this.#context, exchange, target).run();
    return true;
  }
}

/** One request, from its arrival to the end of its answer. */
class Invoking {
  readonly #context: RuntimeContext;
  readonly #exchange: Exchange & { readonly clock: RuntimeContext["clock"] };
  readonly #target: InvocationTarget;
  readonly #id = randomUUID();
  readonly #startedAt: number;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(context: RuntimeContext, exchange: Exchange, target: InvocationTarget) {
    this.#context = context;
    this.#exchange = { ...exchange, clock: context.clock };
    this.#target = target;
    this.#startedAt = context.clock.now();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    this.#context.observer.started();
    try {
      await this.#answer();
    } catch (caught) {
      const error = ServingError.from(caught);
      if (error.fault === "bug")
        this.#context.logger.error("invocation failed", { endpoint: this.#target.endpoint, error });
      this.#refuse(encodeRuntimeError(error), error);
    }
  }

  async #answer(): Promise<void> {
    const { request } = this.#exchange;
    const { access, maxBodyBytes, wallTime } = this.#context;
    if (request.method !== "POST")
      throw new ServingError("METHOD_NOT_ALLOWED", `Use POST, not ${request.method ?? ""}.`, {
        allow: ["POST"],
      });
    checkAnnounced(request, maxBodyBytes);
    const body = await collectBody(request, maxBodyBytes);
    this.#bytesIn = body.byteLength;
    checkAccess(access, request, { body, now: wallTime() });
    const endpoint = this.#endpoint();
    if (this.#target.kind === "async") await this.#submit(endpoint, body);
    else await this.#invoke(endpoint, body, this.#target.kind);
  }

  #endpoint(): CallableEndpoint {
    const { endpoint: name, kind } = this.#target;
    const found = this.#context.directory.find(name);
    if (found === undefined) {
      throw new ServingError(
        "ENDPOINT_NOT_FOUND",
        `Endpoint ${name.slice(0, 64)} of account 000000000000 not found.`,
      );
    }
    if (found.isAsync && kind !== "async") {
      throw new ServingError(
        "INVALID_REQUEST",
        `Endpoint ${name} takes asynchronous calls only: use InvokeEndpointAsync.`,
      );
    }
    return found;
  }

  async #submit(endpoint: CallableEndpoint, body: Uint8Array): Promise<void> {
    const call = decodeAsync(this.#exchange.request, body);
    const { outputLocation, failureLocation } = await endpoint.submit(call);
    const failure = failureLocation === null ? [] : ["X-Amzn-SageMaker-FailureLocation", failureLocation];
    const headers = [
      "x-amzn-RequestId",
      this.#id,
      "X-Amzn-SageMaker-OutputLocation",
      outputLocation,
      ...failure,
    ];
    const text = JSON.stringify({ InferenceId: call.inferenceId });
    this.#end(202, [...headers, "content-type", "application/json"], Buffer.from(text));
    this.#observe(202, null);
  }

  async #invoke(endpoint: CallableEndpoint, body: Uint8Array, kind: "plain" | "stream"): Promise<void> {
    const { request, response } = this.#exchange;
    const run = endpoint.invoke(decodeInvocation(request, body, kind));
    const onClose = (): void => {
      if (!response.writableFinished) run.cancel();
    };
    response.once("close", onClose);
    const outcome = await run.outcome;
    const failure = await this.#failureOf(outcome);
    if (failure !== null) this.#refuse(failure, null);
    else if (outcome.kind === "answered" && kind === "stream") await this.#sendEvents(outcome);
    else if (outcome.kind === "answered") await this.#send(outcome);
  }

  /** Null for a good answer. @throws ServingError where no container was asked */
  async #failureOf(outcome: InvocationOutcome): Promise<EncodedError | null> {
    const { endpoint } = this.#target;
    switch (outcome.kind) {
      case "refused":
        throw outcome.error;
      case "failed": {
        const { container, error } = outcome;
        return encodeModelError({
          endpoint,
          container,
          status: originalStatusOf(error),
          message: error.message,
        });
      }
      case "answered": {
        const { status, container } = outcome;
        if (status >= 200 && status < 300) return null;
        return encodeModelError({ endpoint, container, status, message: await failureText(outcome) });
      }
    }
  }

  async #send(answer: Answered): Promise<void> {
    const { body } = answer;
    const headers = answerHeaders(answer, this.#id);
    if (body instanceof Uint8Array) {
      this.#bytesOut = body.byteLength;
      this.#end(200, headers, body);
    } else {
      this.#exchange.response.writeHead(200, headers);
      // Half an answer cannot be taken back; a closed connection says that it is no whole one.
      await this.#pass(body, (chunk) => chunk).catch(() => this.#exchange.response.destroy());
    }
    this.#observe(200, null);
  }

  async #sendEvents(answer: Answered): Promise<void> {
    const { response } = this.#exchange;
    response.writeHead(200, streamHeaders(answer, this.#id));
    const { body } = answer;
    try {
      if (body instanceof Uint8Array) response.end(payloadParts(body));
      else await this.#pass(body, payloadParts);
    } catch (error) {
      response.end(streamError("StreamBroken", ServingError.from(error).message));
    }
    this.#observe(200, null);
  }

  /** Writes a body as it comes, no faster than the caller takes it. */
  async #pass(body: AsyncIterable<Uint8Array>, wrap: (chunk: Uint8Array) => Uint8Array): Promise<void> {
    const { response } = this.#exchange;
    response.flushHeaders();
    for await (const chunk of body) {
      this.#bytesOut += chunk.byteLength;
      if (response.destroyed) return;
      if (!response.write(wrap(chunk))) await drained(response);
    }
    response.end();
  }

  #refuse(encoded: EncodedError, error: ServingError | null): void {
    const { response } = this.#exchange;
    this.#observe(encoded.status, error);
    if (response.headersSent) response.destroy();
    if (response.destroyed) return;
    const body = Buffer.from(JSON.stringify(encoded.body));
    const { retryAfterS } = error?.details ?? {};
    const retry = retryAfterS === undefined ? [] : ["retry-after", String(retryAfterS)];
    this.#end(encoded.status, [...errorHeaders(encoded, this.#id, "application/json"), ...retry], body);
  }

  #end(status: number, headers: readonly string[], body: Uint8Array): void {
    const { request, response } = this.#exchange;
    const closing = request.complete ? [] : ["connection", "close"];
    response.writeHead(status, [...headers, "content-length", String(body.byteLength), ...closing]);
    endReply(this.#exchange, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  }

  #observe(status: number, error: ServingError | null): void {
    this.#context.observer.ended({
      protocol: "sagemaker",
      method: this.#exchange.request.method ?? "POST",
      route: observedRoutes[this.#target.kind],
      status,
      code: error?.code ?? null,
      model: null,
      requestedVersion: null,
      requestId: this.#id,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      timing: null,
      totalMs: this.#context.clock.now() - this.#startedAt,
      error,
    });
  }
}
