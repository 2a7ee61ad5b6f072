import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerInput, HandlerRequest } from "../../core/ports/handler-launcher.ts";
import { isObject, parseJsonText } from "../http/payloads/json.ts";

export interface LoadOrder {
  readonly name: string;
  readonly url: string;
}

/**
 * Reads LOAD's body.
 *
 * @throws ServingError MALFORMED_JSON or INVALID_REQUEST
 */
export function decodeLoad(body: Buffer): LoadOrder {
  const order = parseJsonText(body.toString("utf8"));
  if (!isObject(order)) throw ServingError.wrongValue("body", "an object", order);
  return { name: textOf(order, "model_name"), url: textOf(order, "url") };
}

function textOf(order: Readonly<Record<string, unknown>>, field: string): string {
  const value = order[field];
  if (typeof value === "string" && value !== "") return value;
  throw ServingError.wrongValue(field, "a text", value);
}

const defaultLimit = 100;

/** Which page of the list is wanted; what cannot be read stands for nothing. */
export function decodePage(query: URLSearchParams): { readonly limit: number; readonly token: number } {
  const limit = countOf(query.get("limit")) ?? defaultLimit;
  return {
    limit: limit > 0 && limit <= defaultLimit ? limit : defaultLimit,
    token: countOf(query.get("next_page_token")) ?? 0,
  };
}

function countOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The query of a request's target. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? "";
  const at = url.indexOf("?");
  return new URLSearchParams(at === -1 ? "" : url.slice(at + 1));
}

/** A call as a handler is given it: the parameters of the query, and the body as it came. */
export function handlerRequest(request: IncomingMessage, body: Buffer): HandlerRequest {
  const inputs: HandlerInput[] = [];
  for (const [name, value] of queryOf(request)) {
    inputs.push({ name, contentType: "", bytes: Buffer.from(value) });
  }
  inputs.push({ name: "body", contentType: request.headers["content-type"] ?? "", bytes: body });
  return { id: randomUUID(), headers: request.rawHeaders, inputs };
}
