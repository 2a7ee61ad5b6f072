import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import { checkAnnounced, collectBody } from "../http/body.ts";
import { ownAccess } from "../http/own-access.ts";
import { checkAccess } from "./access.ts";
import type { ControlContext } from "./context.ts";
import { errorHeaders } from "./encode.ts";
import { type EncodedError, encodeControlError } from "./errors.ts";
import { operations } from "./operations.ts";

/** Documents are small; what is bigger is a mistake. */
const mostBodyBytes = 4 * 1024 * 1024;
const contentType = "application/x-amz-json-1.1";
const servicePrefix = "SageMaker.";

/** Puts the control plane that boto3 talks to on a listener: `POST /`, with the operation's name in a header. */
export function registerSagemakerControl(app: FastifyInstance, context: ControlContext): void {
  app.post("/", { config: ownAccess }, async (request, reply) => {
    const id = randomUUID();
    const answer = await answerOf(context, request);
    return answer.kind === "error" ? sendError(reply, answer.error, id) : sendJson(reply, answer.body, id);
  });
}

type Answer =
  | { readonly kind: "json"; readonly body: object }
  | { readonly kind: "error"; readonly error: EncodedError };

async function answerOf(context: ControlContext, request: FastifyRequest): Promise<Answer> {
  const target = request.headers["x-amz-target"];
  const name = typeof target === "string" ? target : "";
  try {
    checkAnnounced(request.raw, mostBodyBytes);
    const body = await collectBody(request.raw, mostBodyBytes);
    checkAccess(context.access, request.raw, { body, now: context.wallTime() });
    const operation = name.startsWith(servicePrefix)
      ? operations.get(name.slice(servicePrefix.length))
      : undefined;
    if (operation === undefined) return { kind: "error", error: unknownOperation(name) };
    return { kind: "json", body: await operation(context, parse(body)) };
  } catch (caught) {
    const error = ServingError.from(caught);
    if (error.fault === "bug")
      context.logger.error("control operation failed", { operation: name.slice(0, 80), error });
    return { kind: "error", error: encodeControlError(error) };
  }
}

function parse(body: Buffer): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new ServingError("MALFORMED_JSON", `The body is not JSON: ${ServingError.from(error).message}`);
  }
}

function unknownOperation(target: string): EncodedError {
  const name = target === "" ? "a request without the header X-Amz-Target" : target.slice(0, 80);
  const known = [...operations.keys()].sort().join(", ");
  const type = "UnknownOperationException";
  return {
    status: 400,
    type,
    body: { __type: type, message: `hostler does not know ${name}. It knows SageMaker's ${known}.` },
  };
}

function sendJson(reply: FastifyReply, body: object, id: string): FastifyReply {
  return reply
    .code(200)
    .header("content-type", contentType)
    .header("x-amzn-RequestId", id)
    .send(Buffer.from(JSON.stringify(body)));
}

function sendError(reply: FastifyReply, error: EncodedError, id: string): FastifyReply {
  const headers = errorHeaders(error, id, contentType);
  for (let index = 0; index + 1 < headers.length; index += 2)
    reply.header(headers[index] ?? "", headers[index + 1]);
  return reply.code(error.status).send(Buffer.from(JSON.stringify(error.body)));
}
