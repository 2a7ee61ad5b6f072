import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { endReply, readBody } from "../../protocols/http/body.ts";
import { encodeRefusal } from "../../protocols/http/payloads/refusal.ts";
import { sendPieces } from "../../protocols/http/pieces.ts";
import type { Chain, ChainAnswer } from "./chain.ts";
import { isWell, type Stage } from "./stage.ts";

export interface PipelineRoutes {
  readonly chain: Chain;
  /** As many as run; all of them once it is ready. */
  readonly stages: () => readonly Stage[];
  /** `serial`: one after the other. `direct`: the one that the caller names. */
  readonly mode: "serial" | "direct";
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  /** Whether all of them have come up, and none is on its way out. */
  readonly isReady: () => boolean;
}

const hostnameHeader = "x-amzn-sagemaker-target-container-hostname";

/** Puts what an endpoint's caller sees on a listener: `/ping` and `/invocations`. */
export function registerPipeline(app: FastifyInstance, routes: PipelineRoutes): void {
  app.get("/ping", async (_request, reply) => {
    const answers = routes.isReady() ? await Promise.all(routes.stages().map(isWell)) : [false];
    return reply.code(answers.every(Boolean) ? 200 : 503).send();
  });
  app.post("/invocations", (request, reply) => {
    reply.hijack();
    void answer(routes, request.raw, reply.raw);
  });
}

/** Never rejects. */
async function answer(
  routes: PipelineRoutes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const left = new AbortController();
  response.once("close", () => {
    left.abort();
  });
  try {
    const body = await readBody(request, routes.maxBodyBytes);
    if (!routes.isReady()) throw notReady();
    const { rawHeaders: headers } = request;
    const chosen = routes.mode === "serial" ? routes.stages() : [namedStage(routes.stages(), request)];
    await send(response, await routes.chain.run({ headers, body, left: left.signal }, chosen));
  } catch (error) {
    refuse(ServingError.from(error), { request, response, clock: routes.clock });
  }
}

function notReady(): ServingError {
  return new ServingError("INSTANCE_NOT_READY", "The containers are not up.", { retryAfterS: 1 });
}

function namedStage(stages: readonly Stage[], { headers }: IncomingMessage): Stage {
  const name = headers[hostnameHeader];
  const stage = stages.find((one) => one.name === name);
  if (stage !== undefined) return stage;
  const expected = stages.map((one) => one.name).join(", ");
  throw ServingError.invalidField(
    "X-Amzn-SageMaker-Target-Container-Hostname",
    `one of ${expected}`,
    typeof name === "string" ? name : "nothing",
  );
}

async function send(response: ServerResponse, given: ChainAnswer): Promise<void> {
  if (response.destroyed) return;
  const { status, headers, body, latencies, stage } = given;
  const timing = latencies.map(({ name, ms }) => `${name};dur=${String(Math.round(ms * 1000) / 1000)}`);
  const failed = status >= 200 && status < 300 ? [] : ["x-hostler-failed-container", stage];
  const own = ["server-timing", timing.join(", "), ...failed];
  if (body instanceof Uint8Array) {
    response.writeHead(status, [
      ...withoutLength(headers),
      "content-length",
      String(body.byteLength),
      ...own,
    ]);
    response.end(body);
    return;
  }
  response.writeHead(status, [...headers, ...own]);
  await sendPieces(response, body);
}

function withoutLength(headers: readonly string[]): readonly string[] {
  return headers.filter((_, index) => headers[index - (index % 2)] !== "content-length");
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly clock: Clock;
}

function refuse(error: ServingError, exchange: Exchange): void {
  const { response } = exchange;
  if (response.destroyed || response.headersSent) return;
  const { status, contentType, body } = encodeRefusal(error);
  response.writeHead(status, ["content-type", contentType, "content-length", String(body.byteLength)]);
  endReply(exchange, Buffer.from(body));
}
