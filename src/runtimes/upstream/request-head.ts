import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendRequest } from "../../core/ports/backend.ts";

/** Characters that could end a header or a target, or that Latin-1 cannot carry. */
const forbiddenInHeader = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const forbiddenInTarget = /[^\u0021-\u007e\u0080-\u00ff]/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Methods whose requests have a body, an empty one too. */
const withBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

export interface RequestHead {
  /** To be written as Latin-1. */
  readonly text: string;
  /** Bytes that a streamed body has to have; null where it goes in chunks. */
  readonly length: number | null;
}

/**
 * A request's head as it goes over the wire, with the empty line.
 *
 * @param host as `127.0.0.1:8003`
 * @throws ServingError INVALID_REQUEST for what would be another request than it seems
 */
export function requestHead({ method, target, headers, body }: BackendRequest, host: string): RequestHead {
  if (!token.test(method)) throw ServingError.invalidField("method", "a token", JSON.stringify(method));
  if (!target.startsWith("/") || forbiddenInTarget.test(target)) {
    throw ServingError.invalidField("target", "a path", JSON.stringify(target.slice(0, 80)));
  }
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`;
  let announced: string | null = null;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const value = headers[index + 1] ?? "";
    if (forbiddenInHeader.test(value) || !token.test(name)) {
      throw ServingError.invalidField(
        "headers",
        "names and values",
        JSON.stringify(`${name}: ${value}`.slice(0, 80)),
      );
    }
    if (name.length === 14 && name.toLowerCase() === "content-length") announced = value;
    else text += `${name}: ${value}\r\n`;
  }
  if (body instanceof Uint8Array) {
    const says = body.byteLength > 0 || withBody.has(method);
    return {
      text: says ? `${text}content-length: ${String(body.byteLength)}\r\n\r\n` : `${text}\r\n`,
      length: null,
    };
  }
  return announced === null
    ? { text: `${text}transfer-encoding: chunked\r\n\r\n`, length: null }
    : { text: `${text}content-length: ${announced}\r\n\r\n`, length: Number(announced) };
}
