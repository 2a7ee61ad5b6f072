import type { HandlerInput, HandlerRequest } from "../../core/ports/handler-launcher.ts";
import { partsOf } from "./multipart.ts";

/** A request whose body is here. */
export interface ReceivedRequest {
  readonly id: string;
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly contentType: string;
  /** Whether its length was told, and not only found. */
  readonly hasLength: boolean;
  /** Without its question mark; empty: none, or none that is the handler's. */
  readonly query: string;
  readonly body: Uint8Array;
}

/**
 * A request as a handler is given it: the parameters of the query, then the parts of a form, or the body as it came.
 *
 * @throws ServingError INVALID_REQUEST for a form that is none
 */
export function handlerRequestOf(received: ReceivedRequest): HandlerRequest | Promise<HandlerRequest> {
  const inputs = queryInputs(received.query);
  const form = formOf(received.contentType);
  if (form === "multipart") return withParts(received, inputs);
  if (form === "urlencoded") inputs.push(...queryInputs(Buffer.from(received.body).toString()));
  else inputs.push({ name: "body", contentType: received.contentType, bytes: received.body });
  return requestWith(received, inputs);
}

function requestWith(received: ReceivedRequest, inputs: readonly HandlerInput[]): HandlerRequest {
  return { id: received.id, headers: headersOf(received), inputs };
}

/** A length is there always: it is what the body turned out to be, where it came in pieces or did not come. */
function headersOf({ rawHeaders, hasLength, body }: ReceivedRequest): readonly string[] {
  if (hasLength) return rawHeaders;
  const headers = ["content-length", String(body.byteLength)];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "transfer-encoding") headers.push(name, rawHeaders[index + 1] ?? "");
  }
  return headers;
}

function queryInputs(query: string): HandlerInput[] {
  if (query === "") return [];
  return [...new URLSearchParams(query)].map(([name, value]) => textInput(name, value));
}

function textInput(name: string, value: string): HandlerInput {
  return { name, contentType: "", bytes: Buffer.from(value) };
}

function formOf(contentType: string): "multipart" | "urlencoded" | null {
  if (contentType === "") return null;
  const type = contentType.toLowerCase();
  if (type.startsWith("multipart/form-data")) return "multipart";
  return type.startsWith("application/x-www-form-urlencoded") ? "urlencoded" : null;
}

async function withParts(received: ReceivedRequest, inputs: HandlerInput[]): Promise<HandlerRequest> {
  inputs.push(...(await partsOf(received.contentType, received.body)));
  return requestWith(received, inputs);
}
