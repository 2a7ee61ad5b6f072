import { validateHeaderName, validateHeaderValue } from "node:http";

/** The headers of a request that this contract looks at, by their names in small letters. */
export type KnownHeaders = ReadonlyMap<string, string>;

const known: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-ms-request-id",
  "x-ms-client-request-id",
  "traceid",
  "content-type",
  "origin",
  "access-control-request-method",
  "access-control-request-headers",
]);

/** @param flat names and values in turn */
export function knownHeaders(flat: readonly string[]): KnownHeaders {
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = (flat[index] ?? "").toLowerCase();
    if (known.has(name)) found.set(name, flat[index + 1] ?? "");
  }
  return found;
}

/** An answer's status: those below are none, and after them a client goes on waiting for one. */
const lowestStatus = 200;
const highestStatus = 999;

/** Whether HTTP can carry this head. */
export function isSendable({
  status,
  headers,
}: {
  readonly status: number;
  readonly headers: readonly string[];
}): boolean {
  if (!Number.isInteger(status) || status < lowestStatus || status > highestStatus) return false;
  try {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const name = headers[index] ?? "";
      validateHeaderName(name);
      validateHeaderValue(name, headers[index + 1] ?? "");
    }
    return true;
  } catch {
    return false;
  }
}

/** Leaves out headers by their names in small letters. */
export function withoutHeaders(flat: readonly string[], names: ReadonlySet<string>): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? "";
    if (!names.has(name.toLowerCase())) kept.push(name, flat[index + 1] ?? "");
  }
  return kept;
}
