import type { FastifyReply } from "fastify";
import type { ServingError } from "../../contracts/serving-error.ts";
import { encodeError, statusOf } from "../http/errors.ts";

/** Without a charset, which JSON does not have. */
export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply
    .code(status)
    .header("content-type", "application/json")
    .send(Buffer.from(JSON.stringify(body)));
}

export function sendError(reply: FastifyReply, error: ServingError): FastifyReply {
  const { retryAfterS } = error.details;
  if (retryAfterS !== undefined) reply.header("retry-after", retryAfterS);
  return sendJson(reply, statusOf[error.code], controlError(error));
}

/** Whoever asks here is the operator, who may know where to look. */
function controlError(error: ServingError): object {
  const { where } = error.details;
  const isShown = where !== undefined && error.fault !== "bug";
  return isShown ? { ...encodeError(error), where } : encodeError(error);
}
