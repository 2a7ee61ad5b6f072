import { ServingError } from "../../../contracts/serving-error.ts";

/** A content type, taken apart: `text/csv; charset=utf-8`. Names are in lower case. */
export interface MediaType {
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export function parseMediaType(text: string): MediaType {
  const [essence = "", ...rest] = text.split(";");
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const at = parameter.indexOf("=");
    if (at === -1) continue;
    const value = parameter.slice(at + 1).trim();
    parameters.set(parameter.slice(0, at).trim().toLowerCase(), unquoted(value));
  }
  return { essence: essence.trim().toLowerCase(), parameters };
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/**
 * The bytes as UTF-8, whatever the type says they are in; without a byte order mark.
 *
 * @throws ServingError UNSUPPORTED_MEDIA_TYPE for an unknown charset, INVALID_REQUEST for bytes that are not in it
 */
export function asUtf8(bytes: Uint8Array, { parameters }: MediaType): Buffer {
  const charset = parameters.get("charset")?.toLowerCase() ?? "utf-8";
  if (charset === "utf-8" || charset === "utf8" || charset === "us-ascii") return withoutMark(bytes);
  return Buffer.from(decodeAs(bytes, charset));
}

function withoutMark(bytes: Uint8Array): Buffer {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
}

function decodeAs(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) {
      const details = { field: "content-type", expected: "a known charset, such as utf-8", got: charset };
      throw new ServingError(
        "UNSUPPORTED_MEDIA_TYPE",
        `content-type: the charset ${charset} is not known`,
        details,
      );
    }
    throw ServingError.invalidField("body", `text in ${charset}`, "bytes that are not");
  }
}
