import { connectionHeaders } from "../../contracts/connection-headers.ts";

const leftOut: ReadonlySet<string> = new Set(connectionHeaders);

/** How an answer's body ends: after so many bytes, with its last chunk, or with the connection. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case and values in turn, without those of the connection. */
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** Whether the connection can be used again after this answer. */
  readonly isKeptAlive: boolean;
  /** How long the server says that it keeps an idle connection; null where it says nothing. */
  readonly keepAliveMs: number | null;
}

/** An answer that is not HTTP/1.1, or not safely. */
export class BadResponseError extends Error {
  override readonly name = "BadResponseError";
}

/** Everything that a header's value may hold (RFC 9110, 5.5), and nothing that could end it. */
const forbidden = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What is gathered while the lines are read. */
interface Notes {
  readonly headers: string[];
  length: number | null;
  encoding: string | null;
  /** Values of `connection`, in lower case. */
  connection: readonly string[];
  keepAliveMs: number | null;
}

/**
 * Reads a head: everything before the empty line, as Latin-1.
 *
 * @param method the request's: an answer to HEAD has no body, whatever it says
 * @throws BadResponseError
 */
export function parseHead(text: string, method: string): ResponseHead {
  const lineEnd = text.indexOf("\r\n");
  const statusLine = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const { status, isNew } = parseStatus(statusLine);
  const notes: Notes = { headers: [], length: null, encoding: null, connection: [], keepAliveMs: null };
  for (let start = statusLine.length + 2; start < text.length; ) {
    const found = text.indexOf("\r\n", start);
    const end = found === -1 ? text.length : found;
    addLine(notes, text.slice(start, end));
    start = end + 2;
  }
  const framing = framingOf(notes, method, status);
  const { connection, keepAliveMs } = notes;
  const isAsked = isNew ? !connection.includes("close") : connection.includes("keep-alive");
  const others = connection.filter((name) => name !== "close" && name !== "keep-alive");
  return {
    status,
    headers: others.length === 0 ? notes.headers : without(notes.headers, others),
    framing,
    // An answer with two lengths is one that two readers read differently: nothing after it is trusted.
    isKeptAlive: isAsked && framing.kind !== "close" && (notes.encoding === null || notes.length === null),
    keepAliveMs,
  };
}

function parseStatus(line: string): { readonly status: number; readonly isNew: boolean } {
  const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/.exec(line);
  if (match === null)
    throw new BadResponseError(`not an HTTP/1.1 answer: ${JSON.stringify(line.slice(0, 40))}`);
  return { status: Number(match[2]), isNew: match[1] === "1" };
}

function addLine(notes: Notes, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon)).toLowerCase();
  if (!token.test(name) || forbidden.test(line)) {
    throw new BadResponseError(`a header that is none: ${JSON.stringify(line.slice(0, 40))}`);
  }
  const value = line.slice(colon + 1).trim();
  if (!leftOut.has(name)) {
    if (name === "content-length") notes.length = lengthOf(value, notes.length);
    notes.headers.push(name, value);
  } else if (name === "connection") {
    notes.connection = [
      ...notes.connection,
      ...value
        .toLowerCase()
        .split(",")
        .map((one) => one.trim()),
    ];
  } else if (name === "transfer-encoding") {
    notes.encoding =
      notes.encoding === null ? value.toLowerCase() : `${notes.encoding}, ${value.toLowerCase()}`;
  } else if (name === "keep-alive") {
    const seconds = /timeout=(\d{1,6})/i.exec(value)?.[1];
    notes.keepAliveMs = seconds === undefined ? null : Number(seconds) * 1000;
  }
}

function lengthOf(value: string, before: number | null): number {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(length) || (before !== null && before !== length)) {
    throw new BadResponseError(`a content-length that is none: ${value.slice(0, 40)}`);
  }
  return length;
}

/** RFC 9112, 6.3. */
function framingOf({ length, encoding }: Notes, method: string, status: number): Framing {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304)
    return { kind: "length", bytes: 0 };
  if (encoding === "chunked") return { kind: "chunked" };
  if (encoding !== null)
    throw new BadResponseError(`the transfer-encoding ${encoding.slice(0, 40)} is not known`);
  return length === null ? { kind: "close" } : { kind: "length", bytes: length };
}

function without(headers: readonly string[], names: readonly string[]): readonly string[] {
  return headers.filter((_, index) => !names.includes(headers[index - (index % 2)] ?? ""));
}
